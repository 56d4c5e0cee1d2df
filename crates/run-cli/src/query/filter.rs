//! Filters: `metadata.name=app AND NOT status.url:*internal*`.

use jiff::Timestamp;
use serde_json::Value;

use super::key::Record;
use super::lexer::{InvalidQuery, Lexer};
use super::projection::{Column, operand};
use super::text::text;
use super::transform::is_set;

/// A condition on an object.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    /// A key, an operator and the values of which one must fit.
    Term(Box<Column>, Test),
    /// Some value of the object contains this, in lower case.
    Anywhere(String),
}

/// What a value is compared with.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// `:` and `=`, each with one or several patterns.
    Has(Vec<Pattern>),
    Equals(Vec<String>),
    /// `<`, `<=`, `>=`, `>`.
    Compare {
        less: bool,
        or_equal: bool,
        with: String,
    },
    /// `~`.
    Matches(regex_lite::Regex),
}

/// A pattern of `:`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Present,
    Contains(String),
    /// What stands before and after the one `*`.
    Around(String, String),
}

impl std::str::FromStr for Filter {
    type Err = InvalidQuery;

    fn from_str(text: &str) -> Result<Self, InvalidQuery> {
        let mut parser = Parser { lexer: Lexer::new(text) };
        let filter = parser.group()?;
        match parser.lexer.is_at_end() {
            true => Ok(filter),
            false => Err(parser.lexer.error("`)` has no `(`")),
        }
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
}

impl Parser<'_> {
    /// Terms up to the end or a `)`. As in gcloud, `AND` and `OR` side by side need parentheses: people read their order
    /// in two ways. Terms with nothing between them must all hold.
    fn group(&mut self) -> Result<Filter, InvalidQuery> {
        let mut filter = self.negated()?;
        let (mut has_and, mut has_or) = (false, false);
        loop {
            self.lexer.skip_space();
            if self.lexer.is_at_end() || self.lexer.peek() == Some(')') {
                return Ok(filter);
            }
            let is_or = self.lexer.eat_word("OR");
            let is_and = !is_or && self.lexer.eat_word("AND");
            (has_and, has_or) = (has_and || !is_or, has_or || is_or);
            if has_and && has_or {
                return Err(self.lexer.error("put parentheses around what AND or OR connects"));
            }
            debug_assert!(!(is_and && is_or));
            let next = self.negated()?;
            let (left, right) = (Box::new(filter), Box::new(next));
            filter = if is_or { Filter::Or(left, right) } else { Filter::And(left, right) };
        }
    }

    fn negated(&mut self) -> Result<Filter, InvalidQuery> {
        self.lexer.skip_space();
        if self.lexer.eat_word("NOT") {
            return Ok(Filter::Not(Box::new(self.negated()?)));
        }
        if self.lexer.eat("(") {
            let inner = self.group()?;
            self.lexer.expect(")")?;
            return Ok(inner);
        }
        if self.lexer.eat("-") {
            return Ok(Filter::Not(Box::new(self.term()?)));
        }
        self.term()
    }

    fn term(&mut self) -> Result<Filter, InvalidQuery> {
        if ["AND", "OR", "NOT"].iter().any(|word| self.lexer.clone().eat_word(word)) || self.lexer.is_at_end()
        {
            return Err(self.lexer.error("a term such as `metadata.name=app` is expected"));
        }
        let mut ahead = self.lexer.clone();
        let key = operand(&mut ahead);
        ahead.skip_space();
        let operator = ["!=", "!~", "<=", ">=", ":", "=", "<", ">", "~"]
            .into_iter()
            .find(|operator| ahead.eat(operator));
        let (key, operator) = match (key, operator) {
            (Ok(key), Some(operator)) => (key, operator),
            (Err(error), Some(_)) => return Err(error),
            (_, None) => return self.anywhere(),
        };
        self.lexer = ahead;
        self.lexer.skip_space();
        let values = self.values(matches!(operator, ":" | "=" | "!="))?;
        let one = || values.first().cloned().unwrap_or_default();
        let test = match operator {
            ":" => Test::Has(values.iter().map(|value| self.pattern(value)).collect::<Result<_, _>>()?),
            "=" | "!=" => Test::Equals(values),
            "~" | "!~" => Test::Matches(
                regex_lite::Regex::new(&one()).map_err(|error| self.lexer.error(&format!("{error}")))?,
            ),
            operator => Test::Compare {
                less: operator.starts_with('<'),
                or_equal: operator.ends_with('='),
                with: one(),
            },
        };
        let term = Filter::Term(Box::new(key), test);
        Ok(if operator.starts_with('!') { Filter::Not(Box::new(term)) } else { term })
    }

    fn anywhere(&mut self) -> Result<Filter, InvalidQuery> {
        let word = match self.lexer.quoted()? {
            Some(text) => text,
            None => self.lexer.take_until(|next| next.is_whitespace() || "()".contains(next)).to_owned(),
        };
        if word.is_empty() {
            return Err(self.lexer.error("a term such as `metadata.name=app` is expected"));
        }
        Ok(Filter::Anywhere(word.to_lowercase()))
    }

    /// A value, or several in parentheses, of which one must fit: `(a b)`, `(a,b)` and `(a OR b)`.
    fn values(&mut self, several: bool) -> Result<Vec<String>, InvalidQuery> {
        if !(several && self.lexer.eat("(")) {
            return Ok(vec![self.value("()")?]);
        }
        let mut values = Vec::new();
        loop {
            while self.lexer.peek().is_some_and(|next| next.is_whitespace() || next == ',') {
                self.lexer.next();
            }
            if self.lexer.eat(")") {
                return Ok(values);
            }
            if !self.lexer.eat_word("OR") {
                values.push(self.value("(),")?);
            }
        }
    }

    fn value(&mut self, ends: &str) -> Result<String, InvalidQuery> {
        if let Some(text) = self.lexer.quoted()? {
            return Ok(text);
        }
        if ["AND", "OR", "NOT"].iter().any(|word| self.lexer.clone().eat_word(word)) {
            return Err(self.lexer.error("a value is expected"));
        }
        let value = self.lexer.take_until(|next| next.is_whitespace() || ends.contains(next)).to_owned();
        if value.is_empty() { Err(self.lexer.error("a value is expected")) } else { Ok(value) }
    }

    fn pattern(&self, text: &str) -> Result<Pattern, InvalidQuery> {
        let text = text.to_lowercase();
        match text.split('*').collect::<Vec<_>>().as_slice() {
            ["", ""] => Ok(Pattern::Present),
            [whole] => Ok(Pattern::Contains((*whole).to_owned())),
            [before, after] => Ok(Pattern::Around((*before).to_owned(), (*after).to_owned())),
            _ => Err(self.lexer.error(&format!("`{text}` has more than one `*`"))),
        }
    }
}

impl Filter {
    /// Whether the object fulfils it.
    pub(crate) fn matches(&self, record: &Record<'_>) -> bool {
        match self {
            Self::And(left, right) => left.matches(record) && right.matches(record),
            Self::Or(left, right) => left.matches(record) || right.matches(record),
            Self::Not(inner) => !inner.matches(record),
            Self::Anywhere(word) => contains(record.object, word),
            Self::Term(key, test) => test.holds(&key.value(record)),
        }
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        let each = |test: &dyn Fn(&Value) -> bool| match value {
            Value::Array(items) if !items.is_empty() => items.iter().any(test),
            value => test(value),
        };
        match self {
            Self::Has(patterns) => each(&|value| patterns.iter().any(|pattern| has(value, pattern))),
            Self::Equals(values) => each(&|value| values.iter().any(|other| equals(value, other))),
            Self::Compare { less, or_equal, with } => each(&|value| {
                order(value, with).is_some_and(|order| match order {
                    std::cmp::Ordering::Less => *less,
                    std::cmp::Ordering::Equal => *or_equal,
                    std::cmp::Ordering::Greater => !*less,
                })
            }),
            Self::Matches(regex) => each(&|value| value.as_str().is_some_and(|text| regex.is_match(text))),
        }
    }
}

fn has(value: &Value, pattern: &Pattern) -> bool {
    if let Value::Object(fields) = value {
        // As gcloud: among the names and the values.
        return fields.iter().any(|(name, value)| has(&name.as_str().into(), pattern) || has(value, pattern));
    }
    let text = text(value, ";").to_lowercase();
    match pattern {
        Pattern::Present => is_set(value),
        Pattern::Contains(part) => text.contains(part),
        Pattern::Around(before, after) => {
            text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
    }
}

/// Ignores case, as gcloud does; numbers are equal by value.
fn equals(value: &Value, other: &str) -> bool {
    match (value, other.parse::<f64>()) {
        (Value::Number(number), Ok(other)) => number.as_f64() == Some(other),
        (Value::Object(fields), _) => {
            fields.iter().any(|(name, value)| name.eq_ignore_ascii_case(other) || equals(value, other))
        }
        _ => text(value, ";").to_lowercase() == other.to_lowercase(),
    }
}

/// As numbers if both are, as times if both are, else as text.
fn order(value: &Value, other: &str) -> Option<std::cmp::Ordering> {
    let shown = text(value, ";");
    if let (Ok(left), Ok(right)) = (shown.parse::<f64>(), other.parse::<f64>()) {
        return left.partial_cmp(&right);
    }
    match (shown.parse::<Timestamp>(), moment(other)) {
        (Ok(left), Some(right)) => Some(left.cmp(&right)),
        _ => Some(shown.as_str().cmp(other)),
    }
}

/// A time, a date, or a time from now such as `-P2W`.
fn moment(text: &str) -> Option<Timestamp> {
    let utc = jiff::tz::TimeZone::UTC;
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(span) = text.parse::<jiff::Span>() {
        return Some(Timestamp::now().to_zoned(utc).checked_add(span).ok()?.timestamp());
    }
    let date: jiff::civil::DateTime = text.parse().ok()?;
    Some(date.to_zoned(utc).ok()?.timestamp())
}

fn contains(value: &Value, word: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| contains(item, word)),
        Value::Object(fields) => fields.values().any(|value| contains(value, word)),
        plain => text(plain, ";").to_lowercase().contains(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(filter: &str) -> bool {
        let object = json!({
            "metadata": {
                "name": "hello-world", "generation": 12, "labels": {"env": "prod", "team": "Blue"},
                "creationTimestamp": "2026-11-20T10:00:00.123456Z",
            },
            "spec": {"traffic": [{"tag": "a", "percent": 90}, {"tag": "b", "percent": 10}], "empty": ""},
        });
        let alias = |name: &str| (name == "REGION").then(|| json!("us-central1"));
        let filter: Filter = filter.parse().unwrap_or_else(|error| panic!("{error}"));
        filter.matches(&Record { object: &object, alias: &alias })
    }

    #[test]
    fn terms() {
        for (filter, expected) in [
            ("metadata.name=hello-world", true),
            ("metadata.name = HELLO-world", true),
            ("metadata.name=hello", false),
            ("metadata.name!=hello", true),
            ("metadata.name:hello", true),
            ("metadata.name:WORLD", true),
            ("metadata.name:hel*", true),
            ("metadata.name:*world", true),
            ("metadata.name:he*ld", true),
            ("metadata.name:lo*", false),
            ("metadata.name:*", true),
            ("metadata.nothing:*", false),
            ("-metadata.nothing:*", true),
            ("spec.empty:*", false),
            ("metadata.name=(a hello-world)", true),
            ("metadata.name:(a, world)", true),
            ("metadata.name~^hello-w.+d$", true),
            ("metadata.name!~^world", true),
            ("metadata.generation=12", true),
            ("metadata.generation=12.0", true),
            ("metadata.generation>9", true),
            ("metadata.generation<=12", true),
            ("metadata.generation<12", false),
            ("metadata.labels.env=prod", true),
            ("metadata.labels:env", true),
            ("metadata.labels:blue", true),
            ("spec.traffic.tag=b", true),
            ("spec.traffic[].percent>80", true),
            ("spec.traffic[0].percent<80", false),
            ("spec.traffic.len()=2", true),
            ("metadata.creationTimestamp>2026-11-19", true),
            ("metadata.creationTimestamp>=\"2026-11-20T10:00:01Z\"", false),
            ("metadata.creationTimestamp<-P1000Y", false),
            ("REGION=us-central1", true),
            ("REGION:europe", false),
            ("prod", true),
            ("'hello-w'", true),
            ("nowhere", false),
        ] {
            assert_eq!(matches(filter), expected, "{filter}");
        }
    }

    #[test]
    fn connections() {
        for (filter, expected) in [
            ("prod AND blue", true),
            ("prod AND red", false),
            ("red OR blue", true),
            ("prod red", false),
            ("prod blue", true),
            ("NOT red", true),
            ("NOT NOT red", false),
            ("NOT (red OR blue)", false),
            ("(red AND green) OR blue", true),
            ("(red OR blue)AND(prod)", true),
            ("-metadata.name=x AND prod", true),
            ("prod OR red OR green", true),
        ] {
            assert_eq!(matches(filter), expected, "{filter}");
        }
    }

    #[test]
    fn errors() {
        for (filter, message) in [
            ("", "a term such as `metadata.name=app` is expected at the end"),
            ("a=1 AND", "a term such as `metadata.name=app` is expected at the end"),
            ("a=1 AND OR", "is expected at `OR`"),
            ("a=1 AND b=2 OR c=3", "put parentheses around what AND or OR connects"),
            ("a=", "a value is expected at the end"),
            ("a= AND b", "a value is expected at `AND b`"),
            ("(a=1", "`)` is expected at the end"),
            ("a=1)", "`)` has no `(` at `)`"),
            ("a:*b*", "`*b*` has more than one `*`"),
            ("a~(", "a value is expected"),
            ("a~[", "unclosed character class"),
        ] {
            let error = filter.parse::<Filter>().unwrap_err().to_string();
            assert!(error.contains(message), "{filter}: {error}");
        }
    }
}
