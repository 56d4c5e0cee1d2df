//! Lists, page by page.

use run_api::ListOptions;

use crate::{Error, ErrorKind, Result};

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page<K> {
    /// The objects.
    pub items: Vec<K>,
    /// Where the next page begins, if there is one: for [`ListOptions::continue_token`].
    pub next: Option<String>,
    /// Regions that did not answer; if there are any, the list is incomplete.
    pub unreachable: Vec<String>,
}

impl<K> Page<K> {
    /// A page of a list. An empty token is none.
    ///
    /// ```
    /// use run_ops::api::Page;
    ///
    /// let page = Page::new(vec![1, 2], Some(String::new()));
    /// assert_eq!((page.items, page.next), (vec![1, 2], None));
    /// ```
    #[must_use]
    pub fn new(items: Vec<K>, next: Option<String>) -> Self {
        Self { items, next: next.filter(|token| !token.is_empty()), unreachable: Vec::new() }
    }
}

/// The way through the pages of a list.
pub(crate) struct Pages {
    options: ListOptions,
    /// The tokens that were used.
    used: Vec<String>,
    more: bool,
    count: usize,
}

impl Pages {
    pub(crate) fn new(options: &ListOptions) -> Self {
        Self { options: options.clone(), used: Vec::new(), more: true, count: 0 }
    }

    /// What to ask for next; none after the last page.
    ///
    /// # Errors
    /// If that was asked for before.
    pub(crate) fn next(&mut self) -> Result<Option<ListOptions>> {
        if !self.more {
            return Ok(None);
        }
        if let Some(token) = &self.options.continue_token {
            if self.used.contains(token) {
                let message = "a page of the list leads to one that was read already";
                return Err(Error::new(ErrorKind::Unexpected, message));
            }
            self.used.push(token.clone());
        }
        Ok(Some(self.options.clone()))
    }

    /// Takes a page's items, and notes where the next one begins.
    pub(crate) fn turn<K>(&mut self, page: Page<K>) -> Vec<K> {
        self.more = page.next.is_some();
        self.count += 1;
        self.options.continue_token = page.next;
        page.items
    }

    /// How many pages there were.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}
