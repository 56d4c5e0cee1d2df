//! Why a change cannot be made.

use run_api::QuantityError;

use super::secret::InvalidSecret;

/// A change that cannot be made to the object.
///
/// ```
/// use run_ops::edit::{self, Problem};
///
/// let mut service = run_api::types::Service::default();
/// edit::service().secret_env("TOKEN", "token:latest").apply(&mut service)?;
/// let error = edit::service().env("TOKEN", "hunter2").apply(&mut service).unwrap_err();
/// assert_eq!(error.field(), "spec.template.spec.containers[0].env");
/// assert_eq!(error.problem(), &Problem::VariableIsSecret("TOKEN".to_owned()));
/// # Ok::<(), edit::InvalidEdit>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidEdit {
    field: String,
    #[source]
    problem: Problem,
}

impl InvalidEdit {
    /// Says that a field cannot be so.
    ///
    /// ```
    /// use run_ops::edit::{self, InvalidEdit, Problem};
    ///
    /// let refuse = edit::job().with(|_| Err(InvalidEdit::new("spec", Problem::Other("not on Fridays".to_owned()))));
    /// let error = refuse.apply(&mut run_api::types::Job::default()).unwrap_err();
    /// assert_eq!(error.to_string(), "spec: not on Fridays");
    /// ```
    #[must_use]
    pub fn new(field: impl Into<String>, problem: Problem) -> Self {
        Self { field: field.into(), problem }
    }

    /// The field, as a path in the object's JSON.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong with it.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

/// What is wrong with a change. Values of variables are never part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The variable takes its value from a secret. (gcloud refuses this, too.)
    #[error("the variable `{0}` takes its value from a secret; remove that before you give it a value")]
    VariableIsSecret(String),
    /// The variable has a value that is not from a secret. (gcloud refuses this, too.)
    #[error("the variable `{0}` has a plain value; remove that before you take it from a secret")]
    VariableIsPlain(String),
    /// An amount that is none.
    #[error(transparent)]
    Quantity(#[from] QuantityError),
    /// A text that names no secret.
    #[error(transparent)]
    Secret(#[from] InvalidSecret),
    /// A secret of this project has the name that stands for one of another project.
    #[error("`{0}` stands for a secret of another project in the annotation run.googleapis.com/secrets")]
    SecretIsAlias(String),
    /// The path for a file is not one.
    #[error("`{0}` is not the absolute path of a file in a directory, such as /secrets/token")]
    FilePath(String),
    /// Another secret is mounted in the directory. (Cloud Run mounts one secret in a directory.)
    #[error("another secret is mounted at `{0}`, and a directory can hold only one")]
    DirectoryTaken(String),
    /// What is mounted there is no secret.
    #[error("what is mounted at `{0}` is not a secret")]
    MountIsOther(String),
    /// The present value of an annotation cannot be read.
    #[error("its present value cannot be read, so it cannot be changed in part: {0}")]
    Unreadable(String),
    /// There is no container of this name.
    #[error("there is no container named `{0}`")]
    NoContainer(String),
    /// The container needs a name.
    #[error("the container has no name to refer to it by")]
    UnnamedContainer,
    /// The object needs a name.
    #[error("the object has no name yet")]
    UnnamedObject,
    /// A duration that is not a whole number of seconds, or too long.
    #[error("it must be a whole number of seconds")]
    Seconds,
    /// The name of a Cloud SQL instance that is none.
    #[error("`{0}` is not the name of a Cloud SQL instance in the form PROJECT:REGION:INSTANCE")]
    CloudSql(String),
    /// A setting that a probe does not have.
    #[error("a probe has no setting `{0}`")]
    ProbeSetting(String),
    /// A setting of a probe that is not a number.
    #[error("the setting `{0}` is not a number")]
    ProbeNumber(String),
    /// A reason of your own.
    #[error("{0}")]
    Other(String),
}

impl From<InvalidEdit> for crate::Error {
    fn from(error: InvalidEdit) -> Self {
        Self::other(error)
    }
}
