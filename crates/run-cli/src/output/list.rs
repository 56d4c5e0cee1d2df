//! Lists: filtered, sorted, cut, and written.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::Value;

use super::show::value_of;
use super::{render, table};
use crate::arguments::ListArguments;
use crate::query::{Format, Kind, Record, order};
use crate::terminal::{Failure, Printer};

/// A column of a list. `--format`, `--filter` and `--sort-by` know it by its heading and by its name.
pub(crate) struct Column<T> {
    pub(crate) heading: &'static str,
    pub(crate) name: &'static str,
    pub(crate) cell: fn(&T) -> String,
}

/// Where a list goes, and how.
pub(crate) struct Sink<'a> {
    pub(crate) format: Option<&'a Format>,
    pub(crate) printer: Printer,
    /// The address of an object in the API.
    pub(crate) uri: &'a dyn Fn(&Value) -> String,
}

/// Writes a list: filters, sorts, then cuts it at `--limit`. (gcloud cuts some lists before it sorts them.)
pub(crate) fn list<T: Serialize>(
    items: Vec<T>,
    columns: &[Column<T>],
    arguments: &ListArguments,
    sink: &Sink<'_>,
) -> Result<(), Failure> {
    let Some(format) = sink.format.filter(|format| !format.flatten.is_empty()) else {
        return write(items, |item| item, columns, arguments, sink);
    };
    let mut records = Vec::new();
    for item in &items {
        let flat = format.records(value_of(item)?).into_iter().map(|object| Flat { object, item });
        records.extend(flat);
    }
    write(records, |record| record.item, columns, arguments, sink)
}

/// A record that an item became, with more like it, and the item.
#[derive(Serialize)]
#[serde(transparent)]
struct Flat<'a, T> {
    object: Value,
    #[serde(skip)]
    item: &'a T,
}

/// Writes what is an item each, or was made of one.
fn write<R: Serialize, T>(
    items: Vec<R>,
    item: impl Fn(&R) -> &T,
    columns: &[Column<T>],
    arguments: &ListArguments,
    sink: &Sink<'_>,
) -> Result<(), Failure> {
    let Sink { format, printer, uri } = *sink;
    let items = select(items, &item, columns, arguments)?;
    if arguments.uri {
        let links: Vec<String> =
            items.iter().map(|item| Ok(uri(&value_of(item)?))).collect::<Result<_, Failure>>()?;
        return if links.is_empty() { Ok(()) } else { printer.data(links.join("\n")) };
    }
    let shown = match format {
        Some(format) if !is_own_table(format) => {
            let values: Vec<Value> = items.iter().map(value_of).collect::<Result<_, _>>()?;
            let rows: Vec<render::Row> = items
                .iter()
                .zip(&values)
                .map(|(record, object)| render::Row {
                    object,
                    alias: Box::new(|name| alias(columns, item(record), name)),
                })
                .collect();
            render::render(&rows, format, true)?
        }
        _ if items.is_empty() => {
            printer.talk("Listed 0 items.");
            return Ok(());
        }
        format => {
            let cells = |record: &R| columns.iter().map(|column| (column.cell)(item(record))).collect();
            let mut rows: Vec<Vec<String>> = items.iter().map(cells).collect();
            let mut headings: Vec<String> = columns.iter().map(|column| column.heading.to_owned()).collect();
            if let Some(room) = printer.width() {
                let fit = table::columns_that_fit(&headings, &rows, 2, room);
                headings.truncate(fit);
                rows.iter_mut().for_each(|row| row.truncate(fit));
            }
            let headings = Some(headings).filter(|_| !format.is_some_and(|format| format.has("no-heading")));
            table::draw(headings, &rows, &[], format.is_some_and(|format| format.has("box")), 2)
        }
    };
    if shown.is_empty() { Ok(()) } else { printer.data(shown) }
}

/// Whether nothing but the columns is written, or looked at: keys of filters and sorting can lead anywhere.
pub(crate) fn shows_only_columns(format: Option<&Format>, arguments: &ListArguments) -> bool {
    let ListArguments { filter, sort_by, uri, .. } = arguments;
    !uri && filter.is_none() && sort_by.is_empty() && format.is_none_or(is_own_table)
}

/// `--format=table` without keys is the list's own table, too.
fn is_own_table(format: &Format) -> bool {
    format.kind == Kind::Text || (format.kind == Kind::Table && format.projection.is_none())
}

fn alias<T>(columns: &[Column<T>], item: &T, name: &str) -> Option<Value> {
    let column =
        columns.iter().find(|column| column.name == name || (column.heading == name && !name.is_empty()))?;
    Some((column.cell)(item).into())
}

/// The items that the flags want, in the order that they want.
fn select<R: Serialize, T>(
    items: Vec<R>,
    item: &impl Fn(&R) -> &T,
    columns: &[Column<T>],
    arguments: &ListArguments,
) -> Result<Vec<R>, Failure> {
    let (filter, keys) = (&arguments.filter, &arguments.sort_by);
    let mut chosen = items;
    if filter.is_some() || !keys.is_empty() {
        let mut rows: Vec<(Value, R)> = Vec::with_capacity(chosen.len());
        for record in chosen {
            rows.push((value_of(&record)?, record));
        }
        if let Some(filter) = filter {
            rows.retain(|(object, record)| {
                filter.matches(&Record { object, alias: &|name| alias(columns, item(record), name) })
            });
        }
        // The last key first: sorting keeps the order of what is equal.
        for key in keys.iter().rev() {
            rows.sort_by_cached_key(|(object, record)| {
                let alias = |name: &str| alias(columns, item(record), name);
                let value = key.key.value(&Record { object, alias: &alias });
                Sorted { value, descending: key.descending }
            });
        }
        chosen = rows.into_iter().map(|(_, record)| record).collect();
    }
    if let Some(limit) = arguments.limit {
        chosen.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(chosen)
}

#[derive(PartialEq)]
struct Sorted {
    value: Value,
    descending: bool,
}

impl Eq for Sorted {}

impl Ord for Sorted {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = order(&self.value, &other.value);
        if self.descending { order.reverse() } else { order }
    }
}

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::query::text;

    const COLUMNS: [Column<Value>; 1] =
        [Column { heading: "NAME", name: "name", cell: |item| text(&item["metadata"]["name"], "") }];

    fn selected(arguments: ListArguments) -> String {
        let items = [("a", 10), ("c", 9), ("b", 9)];
        let items = items.map(|(name, n)| json!({"metadata": {"name": name}, "n": n})).to_vec();
        let chosen = select(items, &|item| item, &COLUMNS, &arguments).unwrap();
        chosen.iter().map(COLUMNS[0].cell).collect()
    }

    #[test]
    fn keys_can_lead_beyond_the_columns() {
        let plain = ListArguments { limit: Some(1), page_size: Some(1), ..ListArguments::default() };
        let shows = |format: &str, arguments: &ListArguments| {
            let format = Some(format).filter(|format| !format.is_empty());
            let format: Option<Format> = format.map(|format| format.parse().unwrap());
            shows_only_columns(format.as_ref(), arguments)
        };
        for format in ["", "text", "table", "table[box]"] {
            assert!(shows(format, &plain), "{format}");
        }
        for format in ["json", "yaml", "value(name)", "csv(NAME)", "table(NAME)", "flattened"] {
            assert!(!shows(format, &plain), "{format}");
        }
        let filter = Some("spec.x=1".parse().unwrap());
        assert!(!shows("", &ListArguments { filter, ..plain.clone() }));
        assert!(!shows("", &ListArguments { sort_by: vec!["spec.x".parse().unwrap()], ..plain.clone() }));
        assert!(!shows("", &ListArguments { uri: true, ..plain }));
    }

    #[test]
    fn filtered_then_sorted_then_cut() {
        let keys = |keys: &[&str]| keys.iter().map(|key| key.parse().unwrap()).collect();
        for (filter, sort, limit, expected) in [
            (None, keys(&[]), None, "acb"),
            (None, keys(&["NAME"]), None, "abc"),
            (None, keys(&["~NAME"]), Some(2), "cb"),
            (None, keys(&["n"]), None, "cba"),
            (None, keys(&["n", "metadata.name"]), None, "bca"),
            (None, keys(&["n", "~name"]), Some(1), "c"),
            (Some("n=9"), keys(&["NAME"]), None, "bc"),
            (Some("NAME=a"), keys(&[]), Some(5), "a"),
            (None, keys(&[]), Some(1), "a"),
        ] {
            let filter = filter.map(|filter| filter.parse().unwrap());
            let arguments = ListArguments { filter, sort_by: sort, limit, ..ListArguments::default() };
            assert_eq!(selected(arguments), expected);
        }
    }
}
