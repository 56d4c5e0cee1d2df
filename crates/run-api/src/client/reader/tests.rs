use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::List;

/// A row of one's own, as programs have it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
struct Row {
    name: String,
    #[serde(default)]
    labels: Vec<String>,
}

/// Reads a body that comes in these pieces.
fn read<V: DeserializeOwned>(pieces: &[&[u8]]) -> Result<(Vec<V>, Rest), Error> {
    let mut reader = ItemReader::default();
    let (mut items, mut pieces) = (Vec::new(), pieces.iter());
    loop {
        match reader.next()? {
            Step::Item(item) => items.push(item),
            Step::End(rest) => return Ok((items, rest)),
            Step::More => match pieces.next() {
                Some(piece) => reader.push(piece),
                None => reader.end(),
            },
        }
    }
}

/// The same, decoded as a whole.
fn whole<V: DeserializeOwned>(body: &[u8]) -> Result<(Vec<V>, Rest), Error> {
    let list: List<V> = serde_json::from_slice(body)?;
    Ok((list.items, Rest { metadata: list.metadata, unreachable: list.unreachable, kind: list.kind }))
}

/// Cuts a body at the given places.
fn cut<'a>(body: &'a [u8], places: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = places.iter().map(|place| place.index(body.len() + 1)).collect();
    at.extend([0, body.len()]);
    at.sort_unstable();
    at.windows(2).map(|ends| &body[ends[0]..ends[1]]).collect()
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec![1.5, -2.5e-7, 1e300]).prop_map(Value::from),
        "[a-zA-Z\"\\\\ {}\\[\\],:\u{e9}\n]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn rows() -> impl Strategy<Value = Value> {
    let row = ("[a-z\u{e9}\"]{0,6}", prop::collection::vec("[a-z,\\]]{0,3}", 0..3), values());
    row.prop_map(|(name, labels, more)| json!({"name": name, "labels": labels, "more": more}))
}

/// Fields in any order, those that a list has and others, some of them twice or of another type.
fn bodies(items: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Vec<u8>> {
    let items = prop::collection::vec(items, 0..5).prop_map(Value::from);
    let field = prop_oneof![
        4 => items.prop_map(|items| ("items".to_owned(), items)),
        1 => prop_oneof![Just(Value::Null), values()].prop_map(|value| ("items".to_owned(), value)),
        2 => "[a-z]{0,3}".prop_map(|token| ("metadata".to_owned(), json!({"continue": token, "new": 1}))),
        1 => values().prop_map(|value| ("metadata".to_owned(), value)),
        2 => prop_oneof![Just(Value::Null), Just(json!(["r1", "r2"])), values()]
            .prop_map(|value| ("unreachable".to_owned(), value)),
        1 => values().prop_map(|value| ("kind".to_owned(), value)),
        1 => values().prop_map(|value| ("apiVersion".to_owned(), value)),
        2 => ("[a-z]{1,3}", values()),
    ];
    (prop::collection::vec(field, 0..5), any::<bool>()).prop_map(|(fields, wide)| {
        let blank = if wide { " \n\t" } else { "" };
        let fields: Vec<String> = fields
            .into_iter()
            .map(|(key, value)| format!("{blank}\"{key}\"{blank}:{blank}{value}{blank}"))
            .collect();
        format!("{blank}{{{}}}{blank}", fields.join(",")).into_bytes()
    })
}

fn same<V: DeserializeOwned + PartialEq + std::fmt::Debug>(
    body: &[u8],
    places: &[prop::sample::Index],
) -> Result<(), TestCaseError> {
    let text = String::from_utf8_lossy(body);
    match (read::<V>(&cut(body, places)), whole::<V>(body)) {
        (Ok(streamed), Ok(decoded)) => prop_assert_eq!(streamed, decoded),
        (Err(_), Err(_)) => {}
        (streamed, decoded) => prop_assert!(false, "{}: {:?}, and as a whole {:?}", text, streamed, decoded),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_those_of_the_whole(body in bodies(rows()), places in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        same::<Row>(&body, &places)?;
    }

    #[test]
    fn items_of_any_type_are_those_of_the_whole(body in bodies(values()), places in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        same::<Value>(&body, &places)?;
    }

    #[test]
    fn broken_bodies_fail_as_the_whole_does(
        body in bodies(rows()),
        at in any::<prop::sample::Index>(),
        with in prop::sample::select(vec!["", ",", "]", "}", "[", "\"", "1", ":"]),
        cut_off in any::<bool>(),
        places in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let at = at.index(body.len());
        let rest = if cut_off { &[][..] } else { &body[at + 1..] };
        let broken = [&body[..at], with.as_bytes(), rest].concat();
        same::<Row>(&broken, &places)?;
    }
}

#[test]
fn what_is_no_list_is_an_error() {
    for (body, message) in [
        ("", "EOF"),
        ("{\"items\":[{\"name\":\"a\"}", "EOF"),
        ("{\"items\":[{\"name\":\"a\"}]", "EOF"),
        ("{\"items\":[]} x", "trailing characters"),
        ("{\"items\":[]}{}", "trailing characters"),
        ("{\"items\":[{\"name\":\"a\"}{\"name\":\"b\"}]}", "expected `,` or `]`"),
        ("{\"items\":[{\"name\":\"a\"},,{\"name\":\"b\"}]}", "expected value"),
        ("{\"items\":[{\"name\":\"a\"},]}", "trailing comma"),
        ("{\"items\":[],}", "trailing comma"),
        ("{\"items\":[],\"items\":[]}", "duplicate field `items`"),
        ("{\"items\":null,\"items\":[]}", "duplicate field `items`"),
        ("{\"items\":{}}", "`items` is not a list"),
        ("{\"items\":7}", "`items` is not a list"),
        ("{\"items\":[{\"name\":7}]}", "invalid type: integer `7`"),
        ("<html>", "a list is an object"),
    ] {
        let error = read::<Row>(&[body.as_bytes()]).unwrap_err().to_string();
        assert!(error.contains(message), "{body}: {error}");
    }
}

#[test]
fn items_are_there_before_the_body_has_ended() {
    let mut reader = ItemReader::default();
    reader.push(br#"{"kind":"List","items":[{"name":"a"},{"na"#);
    assert_eq!(reader.next().unwrap(), Step::Item(Row { name: "a".to_owned(), labels: vec![] }));
    assert_eq!(reader.next::<Row>().unwrap(), Step::More);
    reader.push(br#"me":"b"}],"metadata":{"continue":"next"}}"#);
    assert_eq!(reader.next().unwrap(), Step::Item(Row { name: "b".to_owned(), labels: vec![] }));
    assert_eq!(reader.next::<Row>().unwrap(), Step::More, "more might come after the list");
    reader.end();
    let Step::End(rest) = reader.next::<Row>().unwrap() else { panic!("an end") };
    assert_eq!(rest.metadata.and_then(|metadata| metadata.continue_).as_deref(), Some("next"));
}
