//! The items of a list, taken from its body as it arrives. No input happens here.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde_json::{Deserializer, Error};

use crate::types::ListMeta;

/// What can be had of the body by now.
#[derive(Debug, PartialEq)]
pub(super) enum Step<V> {
    /// The next item.
    Item(V),
    /// Nothing, before more of the body has come.
    More,
    /// The list has ended, and the body with it.
    End(Rest),
}

/// What a list says besides its items.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rest {
    pub(super) metadata: Option<ListMeta>,
    pub(super) unreachable: Vec<String>,
    pub(super) kind: Option<String>,
}

/// Reads a list as [`List`](crate::List) is decoded, item by item.
#[derive(Debug, Default)]
pub(super) struct ItemReader {
    /// What has come and was not taken yet begins at `at`.
    buffer: Vec<u8>,
    at: usize,
    /// Whether the body has ended.
    ended: bool,
    place: Place,
    seen: Seen,
    rest: Rest,
}

/// Where in the list the reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Place {
    /// Before the list's own brace.
    #[default]
    Start,
    /// Before a field, or the end of the object if there was none.
    FirstField,
    /// After a field's value.
    AfterField,
    /// Before an item, or the end of the items if there was none.
    FirstItem,
    /// After an item.
    AfterItem,
    /// After the object.
    End,
}

/// Which fields there were: none may be there twice.
#[derive(Debug, Default)]
struct Seen {
    items: bool,
    metadata: bool,
    unreachable: bool,
    api_version: bool,
    kind: bool,
}

/// More of the body is needed.
struct Incomplete;

type Taken<T> = Result<Result<T, Incomplete>, Error>;

macro_rules! complete {
    ($taken:expr) => {
        match $taken {
            Ok(value) => value,
            Err(Incomplete) => return Ok(Err(Incomplete)),
        }
    };
}

impl ItemReader {
    /// More of the body.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..std::mem::take(&mut self.at));
        self.buffer.extend_from_slice(bytes);
    }

    /// How many bytes have come and were not taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.buffer.len() - self.at
    }

    /// The body has ended.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// The next item, if enough of the body has come.
    ///
    /// # Errors
    /// If the body is no list.
    pub(super) fn next<V: DeserializeOwned>(&mut self) -> Result<Step<V>, Error> {
        match self.step()? {
            Ok(step) => Ok(step),
            Err(Incomplete) if self.ended => Err(truncated()),
            Err(Incomplete) => Ok(Step::More),
        }
    }

    fn step<V: DeserializeOwned>(&mut self) -> Taken<Step<V>> {
        loop {
            match self.place {
                Place::Start => {
                    if complete!(self.peek()) != b'{' {
                        return Err(Error::custom("invalid type: a list is an object"));
                    }
                    self.at += 1;
                    self.place = Place::FirstField;
                }
                Place::FirstField | Place::AfterField => complete!(self.field()?),
                Place::FirstItem | Place::AfterItem => {
                    if let Some(item) = complete!(self.item()?) {
                        return Ok(Ok(Step::Item(item)));
                    }
                }
                Place::End => {
                    if complete!(self.peek_or_end()).is_some() {
                        return Err(Error::custom("trailing characters after the list"));
                    }
                    return Ok(Ok(Step::End(std::mem::take(&mut self.rest))));
                }
            }
        }
    }

    /// Takes a field whose value is not the items, or goes to the first item, or to the end. What was not complete is
    /// begun again when more has come.
    fn field(&mut self) -> Taken<()> {
        let before = self.at;
        let taken = self.try_field();
        if !matches!(taken, Ok(Ok(()))) {
            self.at = before;
        }
        taken
    }

    fn try_field(&mut self) -> Taken<()> {
        let next = complete!(self.peek());
        match (self.place, next) {
            (_, b'}') => {
                self.at += 1;
                self.place = Place::End;
                return Ok(Ok(()));
            }
            (Place::AfterField, b',') => {
                self.at += 1;
                if complete!(self.peek()) == b'}' {
                    return Err(Error::custom("trailing comma in the list"));
                }
            }
            (Place::AfterField, _) => return Err(Error::custom("expected `,` or `}` in the list")),
            _ => {}
        }
        if complete!(self.peek()) != b'"' {
            return Err(Error::custom("key must be a string"));
        }
        let key: String = complete!(self.value()?);
        if complete!(self.peek()) != b':' {
            return Err(Error::custom("expected `:` in the list"));
        }
        self.at += 1;
        match key.as_str() {
            "items" => {
                match complete!(self.peek()) {
                    b'[' => {
                        once(self.seen.items, &key)?;
                        self.at += 1;
                        self.place = Place::FirstItem;
                    }
                    b'n' => {
                        let _: Option<IgnoredAny> = complete!(self.value()?);
                        once(self.seen.items, &key)?;
                        self.place = Place::AfterField;
                    }
                    _ => return Err(Error::custom("invalid type: `items` is not a list")),
                }
                self.seen.items = true;
                return Ok(Ok(()));
            }
            "metadata" => {
                let metadata = complete!(self.value()?);
                once(std::mem::replace(&mut self.seen.metadata, true), &key)?;
                self.rest.metadata = metadata;
            }
            "unreachable" => {
                let regions: Option<Vec<String>> = complete!(self.value()?);
                once(std::mem::replace(&mut self.seen.unreachable, true), &key)?;
                self.rest.unreachable = regions.unwrap_or_default();
            }
            "apiVersion" => {
                let _: Option<String> = complete!(self.value()?);
                once(std::mem::replace(&mut self.seen.api_version, true), &key)?;
            }
            "kind" => {
                let kind = complete!(self.value()?);
                once(std::mem::replace(&mut self.seen.kind, true), &key)?;
                self.rest.kind = kind;
            }
            "error" => return Err(Error::custom("it is an error and no list")),
            _ => {
                let _: IgnoredAny = complete!(self.value()?);
            }
        }
        self.place = Place::AfterField;
        Ok(Ok(()))
    }

    /// Takes an item; none at the end of the items.
    fn item<V: DeserializeOwned>(&mut self) -> Taken<Option<V>> {
        let before = self.at;
        let taken = self.try_item();
        if !matches!(taken, Ok(Ok(_))) {
            self.at = before;
        }
        taken
    }

    fn try_item<V: DeserializeOwned>(&mut self) -> Taken<Option<V>> {
        match (self.place, complete!(self.peek())) {
            (_, b']') => {
                self.at += 1;
                self.place = Place::AfterField;
                return Ok(Ok(None));
            }
            (Place::AfterItem, b',') => {
                self.at += 1;
                if complete!(self.peek()) == b']' {
                    return Err(Error::custom("trailing comma in the items"));
                }
            }
            (Place::AfterItem, _) => return Err(Error::custom("expected `,` or `]` in the items")),
            _ => {}
        }
        let item = complete!(self.value()?);
        self.place = Place::AfterItem;
        Ok(Ok(Some(item)))
    }

    /// Takes one JSON value.
    fn value<V: for<'de> Deserialize<'de>>(&mut self) -> Taken<V> {
        let bytes = self.buffer.get(self.at..).unwrap_or_default();
        let mut values = Deserializer::from_slice(bytes).into_iter::<V>();
        match values.next() {
            Some(Ok(value)) => {
                let taken = values.byte_offset();
                // A number may go on with what comes next.
                if taken == bytes.len() && !self.ended {
                    return Ok(Err(Incomplete));
                }
                self.at += taken;
                Ok(Ok(value))
            }
            // A number that breaks off after one of these is told to be invalid.
            Some(Err(error))
                if !error.is_eof()
                    && (self.ended || !bytes.last().is_some_and(|last| b"-+.eE".contains(last))) =>
            {
                Err(error)
            }
            Some(Err(_)) | None => Ok(Err(Incomplete)),
        }
    }

    /// The next character that is no white space.
    fn peek(&mut self) -> Result<u8, Incomplete> {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
        self.at += blank;
        rest.get(blank).copied().ok_or(Incomplete)
    }

    /// The same; none at the end of the body.
    fn peek_or_end(&mut self) -> Result<Option<u8>, Incomplete> {
        match self.peek() {
            Ok(byte) => Ok(Some(byte)),
            Err(Incomplete) if self.ended => Ok(None),
            Err(Incomplete) => Err(Incomplete),
        }
    }
}

fn once(seen: bool, key: &str) -> Result<(), Error> {
    if seen { Err(Error::custom(format!("duplicate field `{key}`"))) } else { Ok(()) }
}

/// As serde_json says it: the kind of the error is that of a body that broke off.
fn truncated() -> Error {
    match serde_json::from_slice::<IgnoredAny>(b"{") {
        Err(error) => error,
        Ok(_) => Error::custom("the list breaks off"),
    }
}

#[cfg(test)]
mod tests;
