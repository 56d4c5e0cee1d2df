//! The run of the code generator.

use anyhow::{Context, Result, bail};
use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle};
use quote::quote;
use syn::{Item, parse_quote};

/// What the generator wrote: models and client in one file.
pub(super) struct Generated(syn::File);

/// Generates models and client of a specification.
///
/// # Errors
/// If the generator refuses the specification.
pub(super) fn generate(spec: &OpenAPI) -> Result<Generated> {
    let mut settings = GenerationSettings::new();
    settings
        .with_interface(InterfaceStyle::Positional)
        .with_map_type("::std::collections::BTreeMap")
        .with_derive("PartialEq")
        // Authentication is done in the hooks: without them the client must not compile.
        .with_hooks(HooksMode::Expected)
        .with_inner_type(quote!(crate::client::hooks::CallContext));
    let tokens = Generator::new(&settings)
        .generate_tokens(spec)
        .context("the code generator refuses the specification")?;
    let file = syn::parse2(tokens).context("the code generator wrote something that is not Rust")?;
    Ok(Generated(file))
}

impl Generated {
    /// The models, and the rest.
    ///
    /// # Errors
    /// If there is no module of models.
    pub(super) fn split(self) -> Result<(syn::File, syn::File)> {
        let (models, rest): (Vec<_>, Vec<_>) = self
            .0
            .items
            .into_iter()
            .partition(|item| matches!(item, Item::Mod(module) if module.ident == "types"));
        let Some(Item::Mod(syn::ItemMod { content: Some((_, items)), .. })) = models.into_iter().next()
        else {
            bail!("the code generator wrote no module `types`");
        };
        Ok((file(items), file(rest)))
    }
}

/// The module that holds the generated files together.
pub(super) fn module() -> syn::File {
    file(vec![
        parse_quote!(
            #[cfg(feature = "client")]
            pub(crate) mod client;
        ),
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
            pub(crate) mod types;
        ),
        parse_quote!(
            #[cfg(feature = "client")]
            pub(crate) use client::Client;
        ),
    ])
}

pub(super) fn file(items: Vec<Item>) -> syn::File {
    syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items }
}
