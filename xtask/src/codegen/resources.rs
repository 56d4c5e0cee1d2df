//! The kinds: which models are objects of the API, and where their parts are.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use openapiv3::{ObjectType, OpenAPI, ReferenceOr, Schema, SchemaKind};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Item, parse_quote};

use super::generate;
use super::tables;
use crate::spec::outline::{self, referred};

/// How the object as a whole fares is said by `Ready`, but for these. (The API document does not tell.)
const TERMINAL_CONDITIONS: [(&str, &str); 3] =
    [("Execution", "Completed"), ("Instance", "Running"), ("Task", "Completed")];

/// A kind's names have the type `KindName`, but for these.
const NAME_TYPES: [(&str, &str); 1] = [("DomainMapping", "DomainName")];

/// A kind of objects, as the methods of the API have it.
struct Kind<'a> {
    name: &'a str,
    group: &'a str,
    collection: &'a str,
    noun: String,
    /// What can be done with it, each with its operation.
    operations: BTreeMap<Deed, &'a str>,
}

/// What can be done with objects of a kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Get,
    List,
    Create,
    Replace,
    Delete,
    GetIamPolicy,
    SetIamPolicy,
    TestIamPermissions,
}

/// The implementations of the traits of kinds.
///
/// # Errors
/// If a kind lacks what all have.
pub(super) fn resources(spec: &OpenAPI) -> Result<syn::File> {
    let mut items: Vec<Item> = vec![
        parse_quote!(
            use std::collections::BTreeMap;
        ),
        parse_quote!(
            use super::types::*;
        ),
        parse_quote!(
            use crate::methods::Operation;
        ),
        parse_quote!(
            use crate::names::*;
        ),
        parse_quote!(
            use crate::resource::{
                Creatable, Deletable, Guarded, NONE, Named, Pod, PodMut, Replaceable, Resource, Workload,
            };
        ),
    ];
    let objects = tables::objects(spec)?;
    for kind in kinds(spec) {
        let schema = Place::of(&objects, kind.name)?;
        items.extend(resource(&kind, &schema).with_context(|| format!("kind `{}`", kind.name))?);
        let can = |deed| kind.operations.contains_key(&deed);
        if can(Deed::Create) && can(Deed::Replace) {
            items
                .extend(workload(&objects, &kind, &schema).with_context(|| format!("kind `{}`", kind.name))?);
        }
    }
    Ok(generate::file(items))
}

/// All kinds, sorted by name: what a `get` below `/apis/GROUP/v1/namespaces` answers.
fn kinds(spec: &OpenAPI) -> Vec<Kind<'_>> {
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    for (path, verb, operation) in outline::operations(spec) {
        let Some(name) = outline::response(operation) else { continue };
        if let ("GET", Some((group, collection, parameter))) = (verb, parts(path)) {
            let noun = parameter.replace('_', " ");
            kinds.push(Kind { name, group, collection, noun, operations: BTreeMap::new() });
        }
    }
    for (path, verb, operation) in outline::operations(spec) {
        let Some(name) = operation.operation_id.as_deref() else { continue };
        for kind in &mut kinds {
            if let Some(deed) = deed(kind, path, verb) {
                kind.operations.insert(deed, name);
            }
        }
    }
    kinds.sort_by_key(|kind| kind.name);
    kinds
}

/// What an operation does with objects of a kind.
fn deed(kind: &Kind<'_>, path: &str, verb: &str) -> Option<Deed> {
    let collection = format!("/apis/{}/v1/namespaces/{{namespace}}/{}", kind.group, kind.collection);
    if path == collection {
        return match verb {
            "GET" => Some(Deed::List),
            "POST" => Some(Deed::Create),
            _ => None,
        };
    }
    if parts(path).is_some_and(|(group, collection, _)| (group, collection) == (kind.group, kind.collection))
    {
        return match verb {
            "GET" => Some(Deed::Get),
            "PUT" => Some(Deed::Replace),
            "DELETE" => Some(Deed::Delete),
            _ => None,
        };
    }
    let object = format!("/v1/projects/{{project}}/locations/{{location}}/{}/{{", kind.collection);
    match path.strip_prefix(&object)?.split_once('}')?.1 {
        ":getIamPolicy" => Some(Deed::GetIamPolicy),
        ":setIamPolicy" => Some(Deed::SetIamPolicy),
        ":testIamPermissions" => Some(Deed::TestIamPermissions),
        _ => None,
    }
}

/// Group, collection and the name's parameter of the path of one object.
fn parts(path: &str) -> Option<(&str, &str, &str)> {
    let mut parts = path.strip_prefix("/apis/")?.split('/');
    let (group, version, namespaces) = (parts.next()?, parts.next()?, parts.next()?);
    let (_, collection, name) = (parts.next()?, parts.next()?, parts.next()?);
    let name = name.strip_prefix('{')?.strip_suffix('}')?;
    (version == "v1" && namespaces == "namespaces" && parts.next().is_none())
        .then_some((group, collection, name))
}

fn resource(kind: &Kind<'_>, schema: &Place<'_>) -> Result<Vec<Item>> {
    for (property, of) in [("metadata", "ObjectMeta"), ("spec", ""), ("status", "")] {
        let found = schema.refers(property).with_context(|| format!("it has no `{property}`"))?;
        if !of.is_empty() && found != of {
            bail!("its `{property}` is a `{found}`, and not `{of}`");
        }
    }
    let name = format_ident!("{}", kind.name);
    let name_type = named(&NAME_TYPES, kind.name).map_or_else(|| format!("{}Name", kind.name), str::to_owned);
    let name_type = format_ident!("{name_type}");
    let (text, collection, noun) = (kind.name, kind.collection, &kind.noun);
    let api_version = format!("{}/v1", kind.group);
    let terminal = named(&TERMINAL_CONDITIONS, kind.name).unwrap_or("Ready");
    let operation = |deed| {
        let variant = tables::variant(kind.operations.get(&deed)?);
        Some(quote!(Operation::#variant))
    };
    let get = operation(Deed::Get).context("it cannot be read")?;
    let list = operation(Deed::List).context("it cannot be listed")?;
    let mut items = vec![
        parse_quote! {
            impl Named for #name {
                type Name = #name_type;
                const COLLECTION: &'static str = #collection;
                const NOUN: &'static str = #noun;
            }
        },
        parse_quote! {
            impl Resource for #name {
                const API_VERSION: &'static str = #api_version;
                const KIND: &'static str = #text;
                const GET: Operation = #get;
                const LIST: Operation = #list;
                const TERMINAL_CONDITION: &'static str = #terminal;
                fn metadata(&self) -> Option<&ObjectMeta> {
                    self.metadata.as_ref()
                }
                fn metadata_mut(&mut self) -> &mut Option<ObjectMeta> {
                    &mut self.metadata
                }
                fn conditions(&self) -> &[Condition] {
                    self.status.as_ref().map_or(&[], |status| &status.conditions)
                }
                fn observed_generation(&self) -> Option<i32> {
                    self.status.as_ref()?.observed_generation
                }
                fn set_type(&mut self) {
                    self.api_version = Some(#api_version.to_owned());
                    self.kind = Some(#text.to_owned());
                }
            }
        },
    ];
    let create = operation(Deed::Create).map(|operation| -> Item {
        parse_quote!(impl Creatable for #name { const CREATE: Operation = #operation; })
    });
    let replace = operation(Deed::Replace).map(|operation| -> Item {
        parse_quote!(impl Replaceable for #name { const REPLACE: Operation = #operation; })
    });
    let delete = operation(Deed::Delete).map(|operation| -> Item {
        parse_quote!(impl Deletable for #name { const DELETE: Operation = #operation; })
    });
    items.extend([create, replace, delete].into_iter().flatten());
    if let Some(get) = operation(Deed::GetIamPolicy) {
        let set = operation(Deed::SetIamPolicy).context("its policy cannot be set")?;
        let test = operation(Deed::TestIamPermissions).context("its permissions cannot be tested")?;
        items.push(parse_quote! {
            impl Guarded for #name {
                const GET_IAM_POLICY: Operation = #get;
                const SET_IAM_POLICY: Operation = #set;
                const TEST_IAM_PERMISSIONS: Operation = #test;
            }
        });
    }
    Ok(items)
}

/// The template's parts: the way to what runs goes by `spec` and `template` in turn, and the first metadata on it is the
/// template's. Nothing, if nothing runs.
fn workload(objects: &Objects<'_>, kind: &Kind<'_>, schema: &Place<'_>) -> Result<Option<Item>> {
    let mut way = vec!["spec"];
    let mut place = schema.step(objects, "spec")?;
    let mut template = None;
    while !place.has("containers") {
        let next = match (place.has("template"), place.has("spec")) {
            (true, _) => "template",
            (false, true) => "spec",
            (false, false) => return Ok(None),
        };
        place = place.step(objects, next)?;
        way.push(next);
        if template.is_none() && place.refers("metadata") == Some("ObjectMeta") {
            template = Some(way.clone());
        }
    }
    for part in ["volumes", "serviceAccountName", "nodeSelector"] {
        if !place.has(part) {
            bail!("what runs has no `{part}`");
        }
    }
    let name = format_ident!("{}", kind.name);
    let path = way.join(".");
    let (pod, pod_mut) = (read(&way), edit(&way));
    let mut metadata = template.unwrap_or_default();
    metadata.push("metadata");
    let (template, template_mut) = (read(&metadata), edit(&metadata));
    // The last step is not unwrapped by `?`: what is missing has no labels.
    let maps = ["labels", "annotations"].map(|map| {
        let field = format_ident!("{map}");
        let (reader, editor) = (format_ident!("template_{map}"), format_ident!("template_{map}_mut"));
        quote! {
            fn #reader(&self) -> &BTreeMap<String, String> {
                let find = || Some(&#template.#field);
                find().unwrap_or(&NONE)
            }
            fn #editor(&mut self) -> &mut BTreeMap<String, String> {
                &mut #template_mut.#field
            }
        }
    });
    Ok(Some(parse_quote! {
        impl Workload for #name {
            const POD_PATH: &'static str = #path;
            fn pod(&self) -> Option<Pod<'_>> {
                let pod = #pod;
                Some(Pod {
                    containers: &pod.containers,
                    volumes: &pod.volumes,
                    service_account_name: pod.service_account_name.as_deref(),
                    node_selector: &pod.node_selector,
                })
            }
            fn pod_mut(&mut self) -> PodMut<'_> {
                let pod = #pod_mut;
                PodMut {
                    containers: &mut pod.containers,
                    volumes: &mut pod.volumes,
                    service_account_name: &mut pod.service_account_name,
                    node_selector: &mut pod.node_selector,
                }
            }
            #(#maps)*
        }
    }))
}

fn read(way: &[&str]) -> TokenStream {
    let steps = way.iter().map(|step| format_ident!("{step}"));
    quote!(self #(.#steps.as_ref()?)*)
}

fn edit(way: &[&str]) -> TokenStream {
    let steps = way.iter().map(|step| format_ident!("{step}"));
    quote!(self #(.#steps.get_or_insert_default())*)
}

fn named<'a>(exceptions: &[(&str, &'a str)], kind: &str) -> Option<&'a str> {
    exceptions.iter().find(|(name, _)| *name == kind).map(|(_, value)| *value)
}

type Objects<'a> = [(&'a str, &'a ObjectType)];

/// An object schema, to be walked.
struct Place<'a> {
    object: &'a ObjectType,
}

impl<'a> Place<'a> {
    fn of(objects: &Objects<'a>, name: &str) -> Result<Self> {
        let found = objects.iter().find(|(known, _)| *known == name);
        let (_, object) = found.with_context(|| format!("there is no schema `{name}`"))?;
        Ok(Self { object })
    }

    fn has(&self, property: &str) -> bool {
        self.object.properties.contains_key(property)
    }

    /// The schema that a property is of.
    fn refers(&self, property: &str) -> Option<&'a str> {
        match self.object.properties.get(property)? {
            ReferenceOr::Reference { reference } => Some(referred(reference)),
            ReferenceOr::Item(schema) => match &**schema {
                Schema { schema_kind: SchemaKind::AllOf { all_of }, .. } => match all_of.as_slice() {
                    [ReferenceOr::Reference { reference }] => Some(referred(reference)),
                    _ => None,
                },
                _ => None,
            },
        }
    }

    fn step(&self, objects: &Objects<'a>, property: &str) -> Result<Self> {
        let schema = self.refers(property).with_context(|| format!("`{property}` is no object"))?;
        Self::of(objects, schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::import;

    /// The specification without one property of a schema.
    fn without(schema: &str, property: &str) -> OpenAPI {
        let spec = import::read_spec(&crate::workspace::root().join(import::SPEC)).unwrap();
        let mut spec = serde_json::to_value(spec).unwrap();
        let properties = &mut spec["components"]["schemas"][schema]["properties"];
        assert!(properties.as_object_mut().unwrap().remove(property).is_some(), "{schema}.{property}");
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn a_kind_that_lacks_a_part_is_refused_with_its_name() {
        for (schema, property, message) in [
            ("Route", "status", "kind `Route`: it has no `status`"),
            ("InstanceSpec", "nodeSelector", "kind `Instance`: what runs has no `nodeSelector`"),
        ] {
            let error = resources(&without(schema, property)).err().unwrap();
            assert_eq!(format!("{error:#}"), message);
        }
    }

    #[test]
    fn what_can_be_replaced_and_runs_containers_is_a_workload() {
        let files = resources(&without("ServiceStatus", "url")).unwrap();
        let of = |name: &str| -> Vec<String> {
            let implemented = files.items.iter().filter_map(|item| match item {
                Item::Impl(block) if block.trait_.as_ref()?.0.is_ident(name) => Some(&block.self_ty),
                _ => None,
            });
            implemented.map(|kind| quote!(#kind).to_string()).collect()
        };
        assert_eq!(of("Workload"), ["Instance", "Job", "Service", "WorkerPool"]);
        assert_eq!(of("Replaceable"), of("Workload"));
        assert_eq!(of("Guarded"), of("Workload"));
        assert_eq!(of("Creatable"), ["DomainMapping", "Instance", "Job", "Service", "WorkerPool"]);
        assert_eq!(
            of("Deletable"),
            ["DomainMapping", "Execution", "Instance", "Job", "Revision", "Service", "WorkerPool"]
        );
        assert_eq!(of("Resource"), of("Named"));
        assert_eq!(of("Resource").len(), 10);
    }
}
