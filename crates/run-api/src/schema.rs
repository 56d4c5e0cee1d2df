//! The shape of every object of the API as data: field names and wire kinds.
//!
//! The generated models say the same to the compiler; these tables say it to programs that must look at
//! JSON before it becomes a model, such as a server that refuses unknown fields by name.
//!
//! ```
//! use run_api::schema::{self, Kind};
//!
//! let target = schema::find("TrafficTarget").expect("part of the API");
//! let percent = target.field("percent").expect("part of a traffic target");
//! assert_eq!(percent.kind, Kind::Int32);
//! ```

/// One object type of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The name of the model type, for example `TrafficTarget`.
    pub name: &'static str,
    /// The fields that the API document declares, in the order of their names.
    pub fields: &'static [Field],
}

impl Schema {
    /// The field with this JSON name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        let at = self.fields.binary_search_by(|field| field.name.cmp(name)).ok()?;
        self.fields.get(at)
    }
}

/// One field of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The field's name in JSON.
    pub name: &'static str,
    /// What the field holds.
    pub kind: Kind,
}

/// What a field holds on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Any JSON value.
    Any,
    /// `true` or `false`.
    Bool,
    /// A 32-bit integer, a JSON number.
    Int32,
    /// A 64-bit integer, which the API sends as a JSON string.
    Int64,
    /// A single-precision number.
    Float32,
    /// A double-precision number.
    Float64,
    /// A string.
    String,
    /// Bytes, in JSON a base64 string.
    Bytes,
    /// An RFC 3339 timestamp, a JSON string.
    Timestamp,
    /// A duration in seconds with the ending `s`, a JSON string such as `"1.5s"`.
    Duration,
    /// An object of the named schema.
    Object(&'static str),
    /// A list of one kind.
    List(&'static Kind),
    /// A map from strings to one kind.
    Map(&'static Kind),
}

/// The schema with this name, if the API has it.
#[must_use]
pub fn find(name: &str) -> Option<&'static Schema> {
    let all = all();
    let at = all.binary_search_by(|schema| schema.name.cmp(name)).ok()?;
    all.get(at)
}

/// Every schema that a method of the API reaches, in the order of their names.
#[must_use]
pub fn all() -> &'static [Schema] {
    crate::generated::schema::SCHEMAS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_closed() {
        assert!(all().is_sorted_by(|a, b| a.name < b.name));
        for schema in all() {
            assert!(schema.fields.is_sorted_by(|a, b| a.name < b.name), "{}", schema.name);
            for field in schema.fields {
                assert_eq!(schema.field(field.name), Some(field));
                let mut kind = field.kind;
                while let Kind::List(inner) | Kind::Map(inner) = kind {
                    kind = *inner;
                }
                if let Kind::Object(name) = kind {
                    assert!(find(name).is_some(), "{}.{} names {name}", schema.name, field.name);
                }
            }
        }
    }

    #[test]
    fn unknown_names_are_none() {
        assert_eq!(find("Pod"), None);
        assert_eq!(find("Service").and_then(|service| service.field("replicas")), None);
    }
}
