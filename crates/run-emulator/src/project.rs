//! Projects: an id and a number that mean the same.

use std::collections::BTreeMap;

/// The projects that have a number of their own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Projects {
    numbers: BTreeMap<String, u64>,
}

impl Projects {
    /// Fixes the number of a project.
    pub(crate) fn register(&mut self, id: &str, number: u64) {
        self.numbers.insert(id.to_owned(), number);
    }

    /// The projects with a number of their own.
    pub(crate) fn registered(&self) -> &BTreeMap<String, u64> {
        &self.numbers
    }

    /// Takes in the numbers of an earlier time.
    ///
    /// # Errors
    /// If a project has another number by now.
    pub(crate) fn remember(&mut self, earlier: &BTreeMap<String, u64>) -> Result<(), String> {
        for (id, number) in earlier {
            let now = *self.numbers.entry(id.clone()).or_insert(*number);
            if now != *number {
                return Err(format!("project `{id}` has the number {number} there, and not {now}"));
            }
        }
        Ok(())
    }

    /// The id of a project that has this number of its own.
    pub(crate) fn id(&self, number: u64) -> Option<&str> {
        self.numbers.iter().find(|(_, own)| **own == number).map(|(id, _)| id.as_str())
    }

    /// The number of a project that is named by id or number. Every project exists: one without a number of its
    /// own has one that depends on nothing but its id.
    pub(crate) fn number(&self, name: &str) -> u64 {
        let number = name.bytes().all(|byte| byte.is_ascii_digit()).then(|| name.parse().ok()).flatten();
        number.or_else(|| self.numbers.get(name).copied()).unwrap_or_else(|| derived_number(name))
    }
}

/// Twelve digits, as project numbers have them.
fn derived_number(id: &str) -> u64 {
    100_000_000_000 + fnv1a(id.as_bytes()) % 900_000_000_000
}

/// The FNV-1a hash: small, and the same in every version of this crate.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_number_are_the_same_project() {
        let mut projects = Projects::default();
        projects.register("known", 42);
        assert_eq!(projects.number("known"), 42);
        assert_eq!(projects.number("42"), 42);
        let number = projects.number("new");
        assert_eq!(number.to_string().len(), 12);
        assert_eq!(projects.number("new"), number);
        assert_eq!(projects.number(&number.to_string()), number);
        assert_eq!(projects.number("+42").to_string().len(), 12, "an id, if a strange one");
    }
}
