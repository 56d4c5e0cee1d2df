//! For tests: the discovery document that the committed specification could have come from.
//!
//! Google's own is not ours to commit. This one has the same structure and our texts.

use std::fs;

use serde_json::{Map, Value, json};

/// The committed specification as JSON.
pub(crate) fn committed() -> Value {
    let path = crate::workspace::root().join(super::import::SPEC);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A discovery document for a specification.
pub(crate) fn discovery_of(spec: &Value) -> Value {
    let parameters = object(&spec["components"]["parameters"]);
    let schemas = object(&spec["components"]["schemas"]).iter().map(|(name, schema)| {
        let id = original(spec, name);
        let mut node = inner(spec, schema);
        if schema.get("properties").is_some() {
            // It says that unknown properties are kept, which is ours.
            node.as_object_mut().unwrap().remove("additionalProperties");
        }
        node["id"] = json!(id);
        (id, node)
    });
    let mut document = json!({
        "kind": "discovery#restDescription",
        "name": "run",
        "title": spec["info"]["title"],
        "version": spec["info"]["version"],
        "revision": spec["info"]["x-google-revision"],
        "rootUrl": format!("{}/", spec["servers"][0]["url"].as_str().unwrap()),
        "servicePath": "",
        "parameters": { "fields": query(spec, &parameters["fields"]) },
        "resources": {},
        "schemas": schemas.collect::<Map<_, _>>(),
    });
    for (path, item) in object(&spec["paths"]) {
        for (verb, operation) in object(item) {
            place(&mut document, method(spec, path, verb, operation));
        }
    }
    document
}

/// Puts a method where its id says.
pub(crate) fn place(document: &mut Value, method: Value) {
    let id = method["id"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = id.split('.').collect();
    let [_api, collections @ .., verb] = parts.as_slice() else { panic!("{id}") };
    let mut at = document;
    for collection in collections {
        at = &mut at["resources"][*collection];
    }
    at["methods"][*verb] = method;
}

fn method(spec: &Value, path: &str, verb: &str, operation: &Value) -> Value {
    let schema = |of: &Value| {
        let to = of["content"]["application/json"]["schema"]["$ref"].as_str().unwrap();
        json!({ "$ref": original(spec, last(to)) })
    };
    let mut parameters = Map::new();
    for reference in operation["parameters"].as_array().unwrap() {
        let parameter = &spec["components"]["parameters"][last(reference["$ref"].as_str().unwrap())];
        let name = parameter["name"].as_str().unwrap();
        if parameter["in"] == "query" && name != "fields" {
            parameters.insert(name.to_owned(), query(spec, parameter));
        }
    }
    let mut method = json!({
        "id": operation["x-google-method-id"],
        "httpMethod": verb.to_uppercase(),
        "flatPath": flat(path),
        "description": operation["description"],
        "parameters": parameters,
        "response": schema(&operation["responses"]["2XX"]),
    });
    if let Some(body) = operation.get("requestBody") {
        method["request"] = schema(body);
    }
    method
}

/// `/v1/{worker_pool}` → `v1/{workerPoolsId}`.
fn flat(path: &str) -> String {
    let mut flat = String::new();
    let mut rest = path.trim_start_matches('/');
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').unwrap();
        let mut words = name.split('_');
        let mut camel = words.next().unwrap().to_owned();
        for word in words {
            camel.push_str(&word[..1].to_uppercase());
            camel.push_str(&word[1..]);
        }
        flat.push_str(&format!("{before}{{{camel}sId}}"));
        rest = tail;
    }
    flat + rest
}

fn query(spec: &Value, parameter: &Value) -> Value {
    let schema = &parameter["schema"];
    let repeated = schema["type"] == "array";
    let mut node = inner(spec, if repeated { &schema["items"] } else { schema });
    node["location"] = json!("query");
    node["description"] = parameter["description"].clone();
    if repeated {
        node["repeated"] = json!(true);
    }
    node
}

fn inner(spec: &Value, schema: &Value) -> Value {
    let mut node = Map::new();
    for (key, value) in object(schema) {
        match key.as_str() {
            "allOf" => node.extend(object(&inner(spec, &value[0])).clone()),
            "$ref" => drop(node.insert(key.clone(), json!(original(spec, last(value.as_str().unwrap()))))),
            "x-google-format" => drop(node.insert("format".to_owned(), value.clone())),
            "x-known-values" => drop(node.insert("enum".to_owned(), value.clone())),
            "x-google-schema" => {}
            "items" | "additionalProperties" => drop(node.insert(key.clone(), inner(spec, value))),
            "properties" => {
                let properties = object(value).iter().map(|(name, schema)| {
                    let mut property = inner(spec, schema);
                    if property.get("type").is_none() && property.get("$ref").is_none() {
                        property["type"] = json!("any");
                    }
                    (name.clone(), property)
                });
                node.insert(key.clone(), Value::Object(properties.collect()));
            }
            _ => drop(node.insert(key.clone(), value.clone())),
        }
    }
    if node.is_empty() {
        node.insert("type".to_owned(), json!("any"));
    }
    Value::Object(node)
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap()
}

/// Google's name of a schema of ours.
fn original(spec: &Value, name: &str) -> String {
    let schema = &spec["components"]["schemas"][name];
    schema["x-google-schema"].as_str().unwrap_or(name).to_owned()
}
