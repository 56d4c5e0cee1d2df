//! What is waited for, as a pure function of what is seen.

/// What one look says about a goal.
///
/// ```
/// use run_ops::wait::Verdict;
///
/// assert!(Verdict::Met.is_met() && Verdict::NotYet.is_not_yet());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The object has reached the goal.
    Met,
    /// The goal is not reached, and still may be.
    NotYet,
    /// The goal is not reached, and the server has given up on it.
    Never {
        /// The server's reason, a CamelCase word.
        reason: Option<String>,
        /// The server's message.
        message: String,
    },
    /// The execution was cancelled before it reached the goal: neither a success nor a failure.
    Cancelled {
        /// The server's message.
        message: String,
    },
    /// Somebody wrote a later generation than the awaited one.
    Superseded {
        /// The generation that was waited for.
        awaited: i32,
        /// The generation that the object has now.
        by: i32,
    },
    /// The awaited object does not exist any more. (A wait believes this after several looks in a row: reads can be stale.)
    Gone {
        /// How that shows.
        why: String,
    },
}

impl Verdict {
    /// Whether a wait goes on after it.
    #[must_use]
    pub fn is_not_yet(&self) -> bool {
        matches!(self, Self::NotYet)
    }

    /// Whether the object has reached the goal.
    #[must_use]
    pub fn is_met(&self) -> bool {
        matches!(self, Self::Met)
    }
}

/// Something that can be waited for in objects of one type.
pub trait Goal<T>: Send + Sync {
    /// Judges what was seen; none if the object does not exist.
    fn judge(&self, seen: Option<&T>) -> Verdict;

    /// What the error of a deadline says, before "within 5.0 s": for example "generation 2 was not ready".
    fn unmet(&self) -> String {
        "what was waited for did not come to be".to_owned()
    }

    /// What the error of a deadline says of an object that was seen, if there is more to say than its `Ready`.
    fn state(&self, seen: &T) -> Option<String> {
        let _ = seen;
        None
    }

    /// At how many looks in a row it must be met to be believed: absence at two, since one odd answer is enough to show it.
    fn looks(&self, seen: Option<&T>) -> u32 {
        if seen.is_none() { 2 } else { 1 }
    }

    /// Both at the same time. What ends one of them without success ends both.
    fn and<G: Goal<T>>(self, other: G) -> And<Self, G>
    where
        Self: Sized,
    {
        And(self, other)
    }

    /// One of them, whichever. Only when neither can be met any more is the whole without success, for the reason
    /// of the first.
    fn or<G: Goal<T>>(self, other: G) -> Or<Self, G>
    where
        Self: Sized,
    {
        Or(self, other)
    }
}

impl<T, G: Goal<T> + ?Sized> Goal<T> for &G {
    fn judge(&self, seen: Option<&T>) -> Verdict {
        (**self).judge(seen)
    }

    fn unmet(&self) -> String {
        (**self).unmet()
    }

    fn state(&self, seen: &T) -> Option<String> {
        (**self).state(seen)
    }

    fn looks(&self, seen: Option<&T>) -> u32 {
        (**self).looks(seen)
    }
}

/// See [`Goal::and`].
#[derive(Clone, Debug)]
pub struct And<A, B>(A, B);

impl<T, A: Goal<T>, B: Goal<T>> Goal<T> for And<A, B> {
    fn judge(&self, seen: Option<&T>) -> Verdict {
        match (self.0.judge(seen), self.1.judge(seen)) {
            (Verdict::Met, other) => other,
            (Verdict::NotYet, Verdict::Met) => Verdict::NotYet,
            (Verdict::NotYet, other) => other,
            (end, _) => end,
        }
    }

    fn looks(&self, seen: Option<&T>) -> u32 {
        self.0.looks(seen).max(self.1.looks(seen))
    }

    fn unmet(&self) -> String {
        format!("{}, or {}", self.0.unmet(), self.1.unmet())
    }

    fn state(&self, seen: &T) -> Option<String> {
        match (self.0.state(seen), self.1.state(seen)) {
            (Some(a), Some(b)) => Some(format!("{a}; {b}")),
            (a, b) => a.or(b),
        }
    }
}

/// See [`Goal::or`].
#[derive(Clone, Debug)]
pub struct Or<A, B>(A, B);

impl<T, A: Goal<T>, B: Goal<T>> Goal<T> for Or<A, B> {
    fn judge(&self, seen: Option<&T>) -> Verdict {
        match (self.0.judge(seen), self.1.judge(seen)) {
            (Verdict::Met, _) | (_, Verdict::Met) => Verdict::Met,
            (Verdict::NotYet, _) | (_, Verdict::NotYet) => Verdict::NotYet,
            (end, _) => end,
        }
    }

    fn looks(&self, seen: Option<&T>) -> u32 {
        self.0.looks(seen).max(self.1.looks(seen))
    }

    fn unmet(&self) -> String {
        format!("{}, nor {}", self.0.unmet(), self.1.unmet())
    }

    fn state(&self, seen: &T) -> Option<String> {
        match (self.0.state(seen), self.1.state(seen)) {
            (Some(a), Some(b)) => Some(format!("{a}; {b}")),
            (a, b) => a.or(b),
        }
    }
}

/// The opposite: met whenever the goal is not, also when it can never be.
///
/// ```
/// use run_api::types::Service;
/// use run_ops::wait::{Goal, Verdict, condition, not};
///
/// let service = Service::default();
/// assert_eq!(not(condition("Ready", "True")).judge(Some(&service)), Verdict::Met);
/// ```
pub fn not<G>(goal: G) -> Not<G> {
    Not(goal)
}

/// See [`not`].
#[derive(Clone, Debug)]
pub struct Not<G>(G);

impl<T, G: Goal<T>> Goal<T> for Not<G> {
    fn judge(&self, seen: Option<&T>) -> Verdict {
        if self.0.judge(seen).is_met() { Verdict::NotYet } else { Verdict::Met }
    }

    fn unmet(&self) -> String {
        format!("it did not change that not: {}", self.0.unmet())
    }

    fn state(&self, seen: &T) -> Option<String> {
        self.0.state(seen)
    }
}

/// A goal of your own: what the error of a deadline says, and the judgement.
///
/// ```
/// use run_api::types::Service;
/// use run_ops::ServiceView;
/// use run_ops::wait::{Goal, Verdict, goal};
///
/// let addressable = goal("it had no address", |seen: Option<&Service>| match seen.and_then(ServiceView::url) {
///     Some(_) => Verdict::Met,
///     None => Verdict::NotYet,
/// });
/// assert_eq!(addressable.judge(None), Verdict::NotYet);
/// ```
pub fn goal<T, F: Fn(Option<&T>) -> Verdict + Send + Sync>(unmet: impl Into<String>, judge: F) -> Closure<F> {
    Closure { unmet: unmet.into(), judge }
}

/// See [`goal`].
#[derive(Clone, Debug)]
pub struct Closure<F> {
    unmet: String,
    judge: F,
}

impl<T, F: Fn(Option<&T>) -> Verdict + Send + Sync> Goal<T> for Closure<F> {
    fn judge(&self, seen: Option<&T>) -> Verdict {
        (self.judge)(seen)
    }

    fn unmet(&self) -> String {
        self.unmet.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A goal whose verdict is fixed.
    struct Fixed(Verdict);

    impl Goal<()> for Fixed {
        fn judge(&self, _: Option<&()>) -> Verdict {
            self.0.clone()
        }
    }

    #[test]
    fn joined() {
        let never = || Verdict::Never { reason: None, message: "no".to_owned() };
        let gone = || Verdict::Gone { why: "no".to_owned() };
        let superseded = || Verdict::Superseded { awaited: 1, by: 2 };
        use Verdict::{Met, NotYet};
        for (a, b, and, or) in [
            (Met, Met, Met, Met),
            (Met, NotYet, NotYet, Met),
            (NotYet, Met, NotYet, Met),
            (NotYet, NotYet, NotYet, NotYet),
            (never(), NotYet, never(), NotYet),
            (NotYet, never(), never(), NotYet),
            (never(), Met, never(), Met),
            (Met, gone(), gone(), Met),
            (superseded(), gone(), superseded(), superseded()),
        ] {
            let both = || (Fixed(a.clone()), Fixed(b.clone()));
            assert_eq!(both().0.and(both().1).judge(None), and, "{a:?} and {b:?}");
            assert_eq!(both().0.or(both().1).judge(None), or, "{a:?} or {b:?}");
        }
        for (a, opposite) in [(Met, NotYet), (NotYet, Met), (never(), Met), (gone(), Met)] {
            assert_eq!(not(Fixed(a.clone())).judge(None), opposite, "not {a:?}");
        }
    }
}
