//! Validated ids and references: what may stand in a path, and nothing else.
//!
//! A name that is a value of one of these types can be put into a URL as it is. `..`, `a/b` or
//! `svc:setIamPolicy` never become one, so that a name cannot turn a request into another one.
//!
//! ```
//! use run_api::{Location, ServiceRef};
//!
//! let location = Location::new("my-project", "us-central1")?;
//! let service: ServiceRef = location.service("hello")?;
//! assert_eq!(service.to_string(), "projects/my-project/locations/us-central1/services/hello");
//! assert_eq!(service.to_string().parse::<ServiceRef>()?, service);
//!
//! let error = location.service("Hello").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "service name `Hello` is not valid: it has an upper-case letter, and only lower-case letters, digits \
//!      and hyphens may be used"
//! );
//! # Ok::<(), run_api::InvalidName>(())
//! ```

mod ids;
mod rules;

pub use ids::*;
