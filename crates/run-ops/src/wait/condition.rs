//! Conditions and how they combine.

use std::fmt;
use std::sync::Arc;

/// What one look at an object says of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is met.
    Met,
    /// It may be met later.
    NotYet,
    /// It will not be met by waiting: the server has given up.
    Never {
        /// The server's reason, a CamelCase word.
        reason: Option<String>,
        /// The server's message, or what is wrong.
        message: String,
    },
    /// It will not be met, since somebody has written a later generation.
    Superseded {
        /// The generation that the object has now.
        generation: i32,
    },
    /// It will not be met, since the object is no more.
    Gone {
        /// How that shows.
        why: String,
    },
}

impl Verdict {
    /// Whether the condition is met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        *self == Self::Met
    }

    /// Whether waiting can still help.
    #[must_use]
    pub fn may_change(&self) -> bool {
        *self == Self::NotYet
    }
}

/// A condition on an object that is looked at again and again. Its absence is a value, too.
pub struct Condition<T> {
    name: String,
    judge: Judge<T>,
}

type Judge<T> = Arc<dyn Fn(Option<&T>) -> Verdict + Send + Sync>;

impl<T> Clone for Condition<T> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), judge: self.judge.clone() }
    }
}

impl<T> fmt::Debug for Condition<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Condition").field(&self.name).finish()
    }
}

/// The name, for people.
impl<T> fmt::Display for Condition<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl<T: 'static> Condition<T> {
    /// A condition of your own. The name completes "it did not come to be that …".
    pub fn new(
        name: impl Into<String>,
        judge: impl Fn(Option<&T>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), judge: Arc::new(judge) }
    }

    /// What one look says.
    #[must_use]
    pub fn judge(&self, object: Option<&T>) -> Verdict {
        (self.judge)(object)
    }

    /// Met when both are, at the same look. What can never be met ends it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let name = format!("{self} and {other}");
        Self::new(name, move |object| match (self.judge(object), other.judge(object)) {
            (Verdict::Met, second) => second,
            (first, Verdict::Met) => first,
            (Verdict::NotYet, second) => second,
            (first, _) => first,
        })
    }

    /// Met when one of them is. Only if neither can be met any more, it can not; the first one says why.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let name = format!("{self} or {other}");
        Self::new(name, move |object| match (self.judge(object), other.judge(object)) {
            (Verdict::Met, _) | (_, Verdict::Met) => Verdict::Met,
            (Verdict::NotYet, _) | (_, Verdict::NotYet) => Verdict::NotYet,
            (first, _) => first,
        })
    }
}

/// Met while a condition is not: not yet, or never.
#[must_use]
pub fn not<T: 'static>(condition: Condition<T>) -> Condition<T> {
    let name = format!("not {condition}");
    Condition::new(name, move |object| match condition.judge(object) {
        Verdict::Met => Verdict::NotYet,
        _ => Verdict::Met,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never() -> Verdict {
        Verdict::Never { reason: None, message: "broken".to_owned() }
    }

    fn fixed(verdict: Verdict) -> Condition<u8> {
        Condition::new("fixed", move |_| verdict.clone())
    }

    #[test]
    fn the_table_of_combinations() {
        let (met, not_yet) = (Verdict::Met, Verdict::NotYet);
        for (first, second, both, either) in [
            (&met, &met, &met, &met),
            (&met, &not_yet, &not_yet, &met),
            (&not_yet, &met, &not_yet, &met),
            (&not_yet, &not_yet, &not_yet, &not_yet),
            (&never(), &met, &never(), &met),
            (&met, &never(), &never(), &met),
            (&never(), &not_yet, &never(), &not_yet),
            (&not_yet, &never(), &never(), &not_yet),
            (&never(), &never(), &never(), &never()),
        ] {
            let conditions = || (fixed(first.clone()), fixed(second.clone()));
            let (one, other) = conditions();
            assert_eq!(one.and(other).judge(None), *both, "{first:?} and {second:?}");
            let (one, other) = conditions();
            assert_eq!(one.or(other).judge(None), *either, "{first:?} or {second:?}");
        }
        assert_eq!(not(fixed(met)).judge(None), not_yet);
        assert!(not(fixed(Verdict::NotYet)).judge(None).is_met() && not(fixed(never())).judge(None).is_met());
        assert_eq!(not(fixed(never()).and(fixed(never()))).to_string(), "not fixed and fixed");
    }
}
