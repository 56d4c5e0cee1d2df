//! What the passes over models and client have in common.

use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Path, PathArguments, parse_quote};

/// Types that need no full path; the generator always writes one.
const KNOWN_TYPES: [&str; 5] = [
    ":: std :: boxed :: Box",
    ":: std :: collections :: BTreeMap",
    ":: std :: option :: Option",
    ":: std :: string :: String",
    ":: std :: vec :: Vec",
];

/// Shortens paths of well-known types, and writes documentation line by line.
pub(super) struct Tidy;

impl VisitMut for Tidy {
    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        let mut bare = path.clone();
        for segment in &mut bare.segments {
            segment.arguments = PathArguments::None;
        }
        if KNOWN_TYPES.contains(&quote!(#bare).to_string().as_str())
            && let Some(last) = path.segments.pop()
        {
            *path = parse_quote!(#last);
        }
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let old = std::mem::take(attributes);
        for attribute in old {
            match doc_text(&attribute) {
                Some(text) => attributes.extend(doc_lines(&text)),
                None => attributes.push(attribute),
            }
        }
    }
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn doc_lines(text: &str) -> Vec<Attribute> {
    // At least one line: an empty one between two others is a paragraph's end.
    text.trim()
        .split('\n')
        .map(|line| {
            let line = line.trim_end();
            let line = if line.is_empty() { String::new() } else { format!(" {line}") };
            parse_quote!(#[doc = #line])
        })
        .collect()
}
