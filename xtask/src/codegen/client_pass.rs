//! The pass over the generated client.

use anyhow::{Result, bail};
use openapiv3::OpenAPI;
use syn::visit_mut::{self, VisitMut};
use syn::{Block, Expr, ImplItem, Item, ItemImpl, ItemStruct, Pat, Stmt, parse_quote};

use super::generate;
use super::post_pass::Tidy;
use crate::spec::outline;

/// Removes what must not be used (a constructor with a timeout of its own choosing) and what the
/// API does not know (the header `api-version`).
///
/// # Errors
/// If the generator no longer writes what is to be removed.
pub(super) fn apply(mut client: syn::File, spec: &OpenAPI) -> Result<syn::File> {
    Tidy.visit_file_mut(&mut client);
    let mut headers = VersionHeader::default();
    headers.visit_file_mut(&mut client);
    let operations = outline::operations(spec).count();
    if headers.made != operations || headers.used != operations {
        bail!(
            "the header `api-version` was removed from {} of {operations} operations: the code \
             generator has changed, and so must this pass",
            headers.made.min(headers.used)
        );
    }

    let mut items: Vec<Item> = vec![
        parse_quote!(
            use progenitor_client::{ClientHooks, ClientInfo, Error, OperationInfo, ResponseValue, encode_path};
        ),
        parse_quote!(
            use super::types;
        ),
    ];
    let mut constructors = 0;
    for item in client.items {
        match item {
            Item::Use(_) => {}
            Item::Mod(module) if module.ident == "prelude" => {}
            Item::Impl(mut block) => {
                constructors += remove_constructor(&mut block);
                items.push(Item::Impl(block));
            }
            Item::Struct(mut structure) => {
                without_debug(&mut structure);
                items.push(Item::Struct(structure));
            }
            other => items.push(other),
        }
    }
    if constructors != 1 {
        bail!("the client has {constructors} functions `new` where one was to be removed");
    }
    Ok(generate::file(items))
}

/// The hooks' context holds credentials and need not be printable.
fn without_debug(client: &mut ItemStruct) {
    for attribute in &mut client.attrs {
        if attribute.path().is_ident("derive") {
            *attribute = parse_quote!(#[derive(Clone)]);
        }
    }
}

fn remove_constructor(block: &mut ItemImpl) -> usize {
    let before = block.items.len();
    block.items.retain(|item| !matches!(item, ImplItem::Fn(method) if method.sig.ident == "new"));
    before - block.items.len()
}

/// Removes the variable `header_map`, which holds the version header alone, and its use.
#[derive(Default)]
struct VersionHeader {
    made: usize,
    used: usize,
}

impl VisitMut for VersionHeader {
    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_mut::visit_block_mut(self, block);
        block.stmts.retain(|statement| match statement {
            Stmt::Local(local) => {
                let made = matches!(&local.pat, Pat::Ident(name) if name.ident == "header_map");
                self.made += usize::from(made);
                !made
            }
            Stmt::Expr(Expr::MethodCall(call), _) => !is_header_map(&call.receiver),
            _ => true,
        });
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        if let Expr::MethodCall(call) = expression
            && call.method == "headers"
            && call.args.first().is_some_and(is_header_map)
        {
            self.used += 1;
            *expression = (*call.receiver).clone();
        }
    }
}

fn is_header_map(expression: &Expr) -> bool {
    matches!(expression, Expr::Path(path) if path.path.is_ident("header_map"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::import;

    const SMALL: &str = include_str!("../../tests/data/small.discovery.json");

    #[test]
    fn a_changed_generator_is_noticed() {
        let imported = import::import(SMALL, None, false).unwrap();
        let spec: OpenAPI = serde_json::from_str(&imported.spec).unwrap();
        let (_, client) = generate::generate(&spec).unwrap().split().unwrap();
        let Err(error) = apply(generate::file(Vec::new()), &spec) else { panic!("accepted") };
        assert!(error.to_string().contains("from 0 of 11 operations"), "{error}");

        let without_constructor = client
            .items
            .into_iter()
            .filter(
                |item| !matches!(item, Item::Impl(block) if block.items.len() == 2 && block.trait_.is_none()),
            )
            .collect();
        let Err(error) = apply(generate::file(without_constructor), &spec) else { panic!("accepted") };
        assert_eq!(error.to_string(), "the client has 0 functions `new` where one was to be removed");
    }
}
