//! Principals as IAM policies write them.

use std::fmt;
use std::str::FromStr;

/// A principal in an IAM policy: `allUsers`, `user:ana@example.com`, `serviceAccount:…`, ….
///
/// Only the form is checked; whether the principal exists, only the server knows.
/// (Source: <https://cloud.google.com/iam/docs/principal-identifiers>)
///
/// ```
/// use run_ops::Member;
///
/// assert_eq!(Member::all_users().as_str(), "allUsers");
/// assert_eq!(Member::all_authenticated_users().as_str(), "allAuthenticatedUsers");
/// assert_eq!(Member::user("ana@example.com")?, "user:ana@example.com".parse()?);
/// let robot = Member::service_account("caller@p.iam.gserviceaccount.com")?;
/// assert_eq!(robot.to_string(), "serviceAccount:caller@p.iam.gserviceaccount.com");
/// assert!(Member::user("ana example").is_err() && "ana@example.com".parse::<Member>().is_err());
/// # Ok::<(), run_ops::InvalidMember>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member(String);

/// Text that is no principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidMember(String);

const PREFIXES: [&str; 9] = [
    "user:",
    "serviceAccount:",
    "group:",
    "domain:",
    "principal://",
    "principalSet://",
    "projectOwner:",
    "projectEditor:",
    "projectViewer:",
];

impl Member {
    /// Everybody, signed in or not.
    #[must_use]
    pub fn all_users() -> Self {
        Self("allUsers".to_owned())
    }

    /// Everybody who is signed in with any Google account.
    #[must_use]
    pub fn all_authenticated_users() -> Self {
        Self("allAuthenticatedUsers".to_owned())
    }

    /// A service account by its email address.
    ///
    /// # Errors
    /// If the address is empty or has white space.
    pub fn service_account(email: &str) -> Result<Self, InvalidMember> {
        format!("serviceAccount:{email}").parse()
    }

    /// A user by email address.
    ///
    /// # Errors
    /// If the address is empty or has white space.
    pub fn user(email: &str) -> Result<Self, InvalidMember> {
        format!("user:{email}").parse()
    }

    /// The principal as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Member {
    type Err = InvalidMember;

    fn from_str(text: &str) -> Result<Self, InvalidMember> {
        let known = matches!(text, "allUsers" | "allAuthenticatedUsers")
            || PREFIXES.iter().any(|prefix| text.strip_prefix(prefix).is_some_and(|id| !id.is_empty()));
        let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control());
        if known && clean { Ok(Self(text.to_owned())) } else { Err(InvalidMember(text.to_owned())) }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a principal: it must be allUsers, allAuthenticatedUsers, or start with one of {}",
            self.0.escape_debug(),
            PREFIXES.join(" ")
        )
    }
}

impl std::error::Error for InvalidMember {}

impl From<InvalidMember> for crate::Error {
    fn from(error: InvalidMember) -> Self {
        Self::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for good in [
            "allUsers",
            "allAuthenticatedUsers",
            "user:ana@example.com",
            "serviceAccount:a@p.iam.gserviceaccount.com",
            "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/x/*",
        ] {
            assert_eq!(good.parse::<Member>().unwrap().as_str(), good);
        }
        for bad in ["", "allusers", "ana@example.com", "user:", "user:a b", "user:a\n", "deleted:user:x"] {
            assert!(bad.parse::<Member>().is_err(), "{bad}");
        }
    }
}
