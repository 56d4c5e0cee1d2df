//! The run of the code generator.

use anyhow::{Context, Result, bail};
use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use syn::{Item, parse_quote};

/// Generates the models of a specification. (The generator writes a client, too, which is not used: requests go by the
/// table of methods.)
///
/// # Errors
/// If the generator refuses the specification, or writes no models.
pub(super) fn models(spec: &OpenAPI) -> Result<syn::File> {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_map_type("::std::collections::BTreeMap")
        .with_derive("PartialEq");
    let tokens = Generator::new(&settings)
        .generate_tokens(spec)
        .context("the code generator refuses the specification")?;
    let written: syn::File =
        syn::parse2(tokens).context("the code generator wrote something that is not Rust")?;
    let models = written.items.into_iter().find_map(|item| match item {
        Item::Mod(module) if module.ident == "types" => module.content,
        _ => None,
    });
    let Some((_, items)) = models else { bail!("the code generator wrote no module `types`") };
    Ok(file(items))
}

/// The module that holds the generated files together.
pub(super) fn module() -> syn::File {
    file(vec![
        parse_quote!(
            pub(crate) mod methods;
        ),
        parse_quote!(
            mod resources;
        ),
        parse_quote!(
            pub(crate) mod schema;
        ),
        parse_quote!(
            #[cfg(feature = "jiff")]
            mod timestamps;
        ),
        parse_quote!(
            pub(crate) mod types;
        ),
    ])
}

pub(super) fn file(items: Vec<Item>) -> syn::File {
    syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items }
}
