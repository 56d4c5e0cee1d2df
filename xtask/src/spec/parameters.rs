//! Parameters: those in the path, from `flatPath`, and those in the query.
//!
//! Parameters of one name and shape are stated once for all operations, so that their
//! description is written once.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use indexmap::IndexMap;
use openapiv3::{
    Parameter, ParameterData, ParameterSchemaOrContent, PathStyle, QueryStyle, ReferenceOr, SchemaData,
    SchemaKind, StringType, Type,
};

use super::discovery::{self, Method};
use super::{naming, schemas};

/// The one parameter of those common to all methods that is kept, on reads.
const FIELD_MASK: &str = "fields";

/// A flat path as an OpenAPI path, and the names of its parameters in order.
///
/// # Errors
/// If the method has no flat path or a segment is of an unknown form.
pub(super) fn path(method: &Method, service_path: &str) -> Result<(String, Vec<String>)> {
    let flat =
        method.flat_path.as_deref().with_context(|| format!("method `{}` has no `flatPath`", method.id))?;
    let mut path = format!("/{service_path}");
    let mut names = Vec::new();
    let mut rest = flat;
    while let Some((literal, tail)) = rest.split_once('{') {
        let Some((google, tail)) = tail.split_once('}') else {
            bail!("method `{}`: `{{` without `}}` in `{flat}`", method.id);
        };
        if google.is_empty() || !google.chars().all(|c| c.is_ascii_alphanumeric()) {
            bail!("method `{}`: unknown construct `{{{google}}}` in `{flat}`", method.id);
        }
        let name = naming::path_parameter(google);
        path.push_str(&format!("{literal}{{{name}}}"));
        names.push(name);
        rest = tail;
    }
    path.push_str(rest);
    Ok((path, names))
}

/// The parameter for a name in a path: a required string.
pub(super) fn in_path(name: &str) -> Parameter {
    let schema = openapiv3::Schema {
        schema_data: SchemaData::default(),
        schema_kind: SchemaKind::Type(Type::String(StringType::default())),
    };
    Parameter::Path {
        parameter_data: data(name, true, ReferenceOr::Item(schema)),
        style: PathStyle::default(),
    }
}

/// The query parameters of a method, with Google's texts.
///
/// # Errors
/// If one is of a shape that is not known.
pub(super) fn in_query(
    method: &Method,
    global: &BTreeMap<String, discovery::Parameter>,
    is_read: bool,
) -> Result<Vec<(Parameter, Option<String>)>> {
    let mask = global.get_key_value(FIELD_MASK).filter(|_| is_read);
    let mut found = Vec::new();
    for (name, parameter) in method.parameters.iter().chain(mask) {
        let at = format!("{}({name})", method.id);
        match parameter.location.as_str() {
            "path" => continue,
            "query" => {}
            other => bail!("`{at}`: unknown construct: a parameter in `{other}`"),
        }
        let mut schema = schemas::value(&at, &parameter.shape)?;
        if parameter.repeated {
            schema = schemas::list_of(schema);
        }
        let parameter_data = data(name, false, schema);
        let text = parameter.shape.description.clone();
        let converted = Parameter::Query {
            parameter_data,
            allow_reserved: false,
            style: QueryStyle::default(),
            allow_empty_value: None,
        };
        found.push((converted, text));
    }
    Ok(found)
}

fn data(name: &str, required: bool, schema: ReferenceOr<openapiv3::Schema>) -> ParameterData {
    ParameterData {
        name: name.to_owned(),
        description: None,
        required,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(schema),
        example: None,
        examples: IndexMap::new(),
        explode: None,
        extensions: IndexMap::new(),
    }
}

/// Gives each parameter its key among the components: its name where all operations agree on the
/// shape, otherwise `operation.name`. Takes pairs of operation and parameter.
pub(super) fn share(
    all: impl IntoIterator<Item = (String, Parameter)>,
) -> (BTreeMap<String, Parameter>, BTreeMap<String, Vec<String>>) {
    let mut by_name: BTreeMap<String, Vec<(String, Parameter)>> = BTreeMap::new();
    let mut order: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (operation, parameter) in all {
        let name = parameter.parameter_data_ref().name.clone();
        order.entry(operation.clone()).or_default().push(name.clone());
        by_name.entry(name).or_default().push((operation, parameter));
    }
    let mut shared = BTreeMap::new();
    let mut own = BTreeMap::new();
    for (name, uses) in by_name {
        let agreed = uses.windows(2).all(|pair| pair[0].1 == pair[1].1);
        for (operation, parameter) in uses {
            let key = if agreed { name.clone() } else { format!("{operation}.{name}") };
            shared.insert(key.clone(), parameter);
            own.insert((operation, name.clone()), key);
        }
    }
    let keys = order
        .into_iter()
        .map(|(operation, names)| {
            let keys =
                names.into_iter().filter_map(|name| own.get(&(operation.clone(), name)).cloned()).collect();
            (operation, keys)
        })
        .collect();
    (shared, keys)
}
