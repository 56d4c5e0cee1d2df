//! Nothing is lost in a read-modify-write: whatever object the server answers comes out of the models as it went
//! in, fields included that this version does not know.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use run_api::schema::{self, Kind, Schema};
use run_api::types::{DomainMapping, Instance, Job, Policy, Service, WorkerPool};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// How often a field is there: often if it leads deeper, since the interesting objects are deep down.
fn presence(kind: Kind) -> f64 {
    match kind {
        Kind::Object(_) | Kind::List(Kind::Object(_)) => 0.7,
        _ => 0.3,
    }
}

/// An object of this schema; `open` if it may have fields that the schema does not know. `above` are the schemas that
/// it is in: an object inside one of its own kind is left out, or there would be no end.
fn object(schema: &'static Schema, open: bool, above: &[&'static str]) -> BoxedStrategy<Value> {
    let above = [above, &[schema.name]].concat();
    let known: Vec<_> = schema
        .fields
        .iter()
        .map(|field| {
            // What the server computes is not written back, so there nothing unknown is kept.
            let value = value(field.kind, open && field.name != "status", &above);
            proptest::option::weighted(presence(field.kind), value).prop_map(|value| (field.name, value))
        })
        .collect();
    let unknown = if open { unknown_fields(schema).boxed() } else { Just(Map::new()).boxed() };
    (known, unknown)
        .prop_map(|(known, mut fields)| {
            let present = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            fields.extend(present);
            Value::Object(fields)
        })
        .boxed()
}

/// A value of this kind, or a `null` in its place.
fn value(kind: Kind, open: bool, above: &[&'static str]) -> BoxedStrategy<Value> {
    let value = match kind {
        Kind::Any => anything(),
        Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Int32 => any::<i32>().prop_map(Value::from).boxed(),
        Kind::Int64 => any::<i64>().prop_map(|number| Value::from(number.to_string())).boxed(),
        Kind::String | Kind::Bytes | Kind::Timestamp | Kind::Duration => text().prop_map(Value::from).boxed(),
        Kind::Object(name) if above.contains(&name) => Just(Value::Null).boxed(),
        Kind::List(Kind::Object(name)) | Kind::Map(Kind::Object(name)) if above.contains(name) => {
            Just(Value::Null).boxed()
        }
        Kind::Object(name) => object(schema::find(name).expect(name), open, above),
        Kind::List(item) => vec(present(*item, open, above), 0..3).prop_map(Value::from).boxed(),
        Kind::Map(item) => btree_map(text(), present(*item, open, above), 0..3)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
            .boxed(),
        other => panic!("a new kind, {other:?}: generate it"),
    };
    prop_oneof![9 => value, 1 => Just(Value::Null)].boxed()
}

/// A value that is not `null`: what lists and maps hold.
fn present(kind: Kind, open: bool, above: &[&'static str]) -> BoxedStrategy<Value> {
    value(kind, open, above).prop_filter("null in a list or map", |value| !value.is_null()).boxed()
}

/// Also values of enums that nobody has heard of.
fn text() -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), Just("RUN_FASTER_PLEASE".to_owned()), "[a-z]{1,8}", ".{0,8}"].boxed()
}

fn unknown_fields(schema: &'static Schema) -> impl Strategy<Value = Map<String, Value>> {
    let name =
        prop_oneof!["[a-z][a-zA-Z]{3,10}", Just("extra".to_owned()), Just("type_".to_owned()), ".{1,6}"];
    btree_map(name, anything(), 0..3).prop_map(move |fields| {
        let unknown = fields.into_iter().filter(|(name, _)| schema.field(name).is_none());
        unknown.collect()
    })
}

/// Any JSON. (Numbers are integers: the decimals of others are a matter of serde_json's.)
fn anything() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(text(), inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

/// The object without the known fields that say nothing: `null`, an empty list, an empty map. An empty *object*
/// stays: `emptyDir: {}` is a kind of volume. Unknown fields stay as they are.
fn canonical(value: &Value, kind: Kind) -> Value {
    match (kind, value) {
        (Kind::Object(name), Value::Object(fields)) => {
            let schema = schema::find(name).expect(name);
            let kept = fields.iter().filter_map(|(name, value)| match schema.field(name) {
                None => Some((name.clone(), value.clone())),
                Some(field) => {
                    let value = canonical(value, field.kind);
                    let empty = match (&value, field.kind) {
                        (Value::Null, _) => true,
                        (Value::Array(items), _) => items.is_empty(),
                        (Value::Object(fields), Kind::Map(_)) => fields.is_empty(),
                        _ => false,
                    };
                    (!empty).then(|| (name.clone(), value))
                }
            });
            Value::Object(kept.collect())
        }
        (Kind::List(item), Value::Array(items)) => {
            items.iter().map(|value| canonical(value, *item)).collect()
        }
        (_, value) => value.clone(),
    }
}

fn round_trip<T: DeserializeOwned + Serialize>(json: &Value) -> Value {
    // Through text, as on the wire.
    let model: T =
        serde_json::from_str(&json.to_string()).unwrap_or_else(|error| panic!("{error} in {json}"));
    serde_json::from_str(&serde_json::to_string(&model).expect("JSON")).expect("JSON")
}

fn assert_lossless<T: DeserializeOwned + Serialize>(schema: &'static str, json: &Value) {
    let kind = Kind::Object(schema);
    assert_eq!(canonical(&round_trip::<T>(json), kind), canonical(json, kind), "{json}");
}

fn any_object(schema: &'static str) -> BoxedStrategy<Value> {
    object(schema::find(schema).expect(schema), true, &[])
}

proptest! {
    #[test]
    fn services(json in any_object("Service")) { assert_lossless::<Service>("Service", &json); }

    #[test]
    fn jobs(json in any_object("Job")) { assert_lossless::<Job>("Job", &json); }

    #[test]
    fn worker_pools(json in any_object("WorkerPool")) { assert_lossless::<WorkerPool>("WorkerPool", &json); }

    #[test]
    fn instances(json in any_object("Instance")) { assert_lossless::<Instance>("Instance", &json); }

    #[test]
    fn domain_mappings(json in any_object("DomainMapping")) { assert_lossless::<DomainMapping>("DomainMapping", &json); }

    #[test]
    fn policies(json in any_object("Policy")) { assert_lossless::<Policy>("Policy", &json); }
}

/// The same without chance: each schema that a written object can hold keeps what it does not know, and takes
/// `null` for each of its fields.
#[test]
fn every_schema_of_a_written_object_is_open() {
    let roots = ["Service", "Job", "WorkerPool", "Instance", "DomainMapping", "Policy"];
    let mut seen = std::collections::BTreeSet::new();
    for root in roots {
        let round_trip = match root {
            "Service" => round_trip::<Service>,
            "Job" => round_trip::<Job>,
            "WorkerPool" => round_trip::<WorkerPool>,
            "Instance" => round_trip::<Instance>,
            "DomainMapping" => round_trip::<DomainMapping>,
            _ => round_trip::<Policy>,
        };
        visit(&[root], &mut Vec::new(), &mut |name, path| {
            seen.insert(name);
            let leaf = json!({"notYetInvented": {"a": [null, {}]}});
            let wanted = wrapped(path, leaf.clone());
            assert_eq!(round_trip(&wanted), wanted, "{root} at {path:?}");
            let mut nulls = leaf;
            for field in schema::find(name).expect(name).fields {
                nulls[field.name] = Value::Null;
            }
            assert_eq!(round_trip(&wrapped(path, nulls)), wanted, "{root} at {path:?}: null");
        });
    }
    assert!(seen.len() >= 54, "{seen:?}");
}

/// Steps into an object: a field, and whether it is a list.
type Step = (&'static str, bool);

/// Looks at the last of `names`, which is inside the others, and at all that it can hold once.
fn visit(names: &[&'static str], path: &mut Vec<Step>, look: &mut impl FnMut(&'static str, &[Step])) {
    let Some(&name) = names.last() else { return };
    look(name, path);
    for field in schema::find(name).expect(name).fields.iter().filter(|field| field.name != "status") {
        let (kind, list) = match field.kind {
            Kind::List(item) => (*item, true),
            other => (other, false),
        };
        if let Kind::Object(inner) = kind
            && !names.contains(&inner)
        {
            path.push((field.name, list));
            visit(&[names, &[inner]].concat(), path, look);
            path.pop();
        }
    }
}

fn wrapped(path: &[Step], leaf: Value) -> Value {
    path.iter().rev().fold(leaf, |inner, &(field, list)| {
        let inner = if list { json!([inner]) } else { inner };
        json!({ field: inner })
    })
}
