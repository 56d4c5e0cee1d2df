//! Reading an expression from left to right.

use std::fmt;

/// Characters that end a name which is not quoted.
const RESERVED: &str = ":=!<>~()[].{},+*/%&|^#;?";

/// Why a format, a filter or a key cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidQuery(String);

impl InvalidQuery {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for InvalidQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidQuery {}

/// A place in an expression.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    whole: &'a str,
    rest: &'a str,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(whole: &'a str) -> Self {
        Self { whole, rest: whole }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    pub(super) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes this text if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes this text, which must come next.
    pub(super) fn expect(&mut self, text: &str) -> Result<(), InvalidQuery> {
        if self.eat(text) { Ok(()) } else { Err(self.error(&format!("`{text}` is expected"))) }
    }

    /// Takes a word such as `AND` if it comes next and ends there.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let follows = self.rest.strip_prefix(word).filter(|rest| {
            rest.chars().next().is_none_or(|next| next.is_whitespace() || next == '(' || next == ')')
        });
        match follows {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// The characters up to the first for which this holds.
    pub(super) fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let at = self.rest.find(ends).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(at);
        self.rest = rest;
        taken
    }

    /// A name, quoted or not; none if there is none.
    pub(super) fn name(&mut self) -> Result<Option<String>, InvalidQuery> {
        if let Some(quoted) = self.quoted()? {
            return Ok(Some(quoted));
        }
        let name = self.take_until(|character| character.is_whitespace() || RESERVED.contains(character));
        Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
    }

    /// Text in single or double quotes, with `\` before a character that stands for itself.
    pub(super) fn quoted(&mut self) -> Result<Option<String>, InvalidQuery> {
        let Some(quote) = self.peek().filter(|character| matches!(character, '"' | '\'')) else {
            return Ok(None);
        };
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('\\') => match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => return Err(self.error("a quote is not closed")),
                },
                Some(character) if character == quote => return Ok(Some(text)),
                Some(character) => text.push(character),
                None => return Err(self.error("a quote is not closed")),
            }
        }
    }

    /// An error at this place.
    pub(super) fn error(&self, message: &str) -> InvalidQuery {
        InvalidQuery(match self.rest.trim() {
            "" => format!("`{}`: {message} at the end", self.whole),
            rest => format!("`{}`: {message} at `{rest}`", self.whole),
        })
    }
}
