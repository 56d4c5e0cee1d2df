//! Labels and annotations, and the settings of all kinds that are annotations of the object.

use run_api::Workload;
use run_api::known::annotations::{
    BINARY_AUTHORIZATION, BINARY_AUTHORIZATION_BREAKGLASS, DESCRIPTION, LAUNCH_STAGE,
};

use super::list::Edit;
use super::place::{Level, text};

impl<W: Workload> Edit<W> {
    /// Sets a label of the object and of its template, so that revisions and executions have it, too. (gcloud:
    /// `--update-labels`)
    #[must_use]
    pub fn label(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let (key, value) = (key.into(), value.into());
        self.with(move |workload| {
            workload.labels_mut().insert(key.clone(), value.clone());
            workload.template_labels_mut().insert(key.clone(), value.clone());
            Ok(())
        })
    }

    /// Takes a label away from the object and its template. (gcloud: `--remove-labels`)
    #[must_use]
    pub fn remove_label(self, key: impl Into<String>) -> Self {
        let key = key.into();
        self.without_labels(move |present| present == key)
    }

    /// Takes all labels away from the object and its template, but for those of the platform, which are reserved
    /// (`…googleapis.com/…`, `…knative.dev/…`, `goog-…`). (gcloud: `--clear-labels`, which sends those of the
    /// platform away, too, and has the server put them back)
    #[must_use]
    pub fn clear_labels(self) -> Self {
        self.without_labels(|key| !is_reserved(key))
    }

    fn without_labels(self, is_it: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.with(move |workload| {
            if workload.labels().keys().any(|key| is_it(key)) {
                workload.labels_mut().retain(|key, _| !is_it(key));
            }
            if workload.template_labels().keys().any(|key| is_it(key)) {
                workload.template_labels_mut().retain(|key, _| !is_it(key));
            }
            Ok(())
        })
    }

    /// Sets an annotation of the object. (gcloud: `--update-annotations`)
    #[must_use]
    pub fn annotation(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotate(Level::Object, key.into(), Some(value.into()))
    }

    /// Takes an annotation of the object away. (gcloud: `--remove-annotations`)
    #[must_use]
    pub fn remove_annotation(self, key: impl Into<String>) -> Self {
        self.annotate(Level::Object, key.into(), None)
    }

    /// Sets an annotation of the template. [`run_api::known::annotations`] has the keys that Cloud Run knows.
    #[must_use]
    pub fn template_annotation(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.annotate(Level::Template, key.into(), Some(value.into()))
    }

    /// Takes an annotation of the template away.
    #[must_use]
    pub fn remove_template_annotation(self, key: impl Into<String>) -> Self {
        self.annotate(Level::Template, key.into(), None)
    }

    fn annotate(self, level: Level, key: String, value: Option<String>) -> Self {
        self.with(move |workload| {
            level.annotate(workload, &key, value.as_deref());
            Ok(())
        })
    }

    /// A text for people, or none: object annotation `run.googleapis.com/description`. (gcloud: `--description`)
    #[must_use]
    pub fn description<'a>(self, description: impl Into<Option<&'a str>>) -> Self {
        self.set_annotation(Level::Object, DESCRIPTION, text(description))
    }

    /// How early the features may be that the object uses, `ALPHA`, `BETA` or `GA`, or none: object annotation
    /// `run.googleapis.com/launch-stage`. (gcloud writes that of the command: `gcloud beta run deploy`)
    #[must_use]
    pub fn launch_stage<'a>(self, stage: impl Into<Option<&'a str>>) -> Self {
        self.set_annotation(Level::Object, LAUNCH_STAGE, text(stage))
    }

    /// The policy of Binary Authorization, such as `default`, or none: object annotation
    /// `run.googleapis.com/binary-authorization`. (gcloud: `--binary-authorization`)
    #[must_use]
    pub fn binary_authorization<'a>(self, policy: impl Into<Option<&'a str>>) -> Self {
        self.set_annotation(Level::Object, BINARY_AUTHORIZATION, text(policy))
    }

    /// Why Binary Authorization is passed by, or none: object annotation
    /// `run.googleapis.com/binary-authorization-breakglass`. (gcloud: `--breakglass`; each of its deployments begins by taking the present one
    /// away)
    #[must_use]
    pub fn breakglass<'a>(self, reason: impl Into<Option<&'a str>>) -> Self {
        self.set_annotation(Level::Object, BINARY_AUTHORIZATION_BREAKGLASS, text(reason))
    }

    /// Who writes: annotations `run.googleapis.com/client-name` and `client-version`, of the object if the edit
    /// changes anything, and of the template if it changes that. (gcloud: `--client-name`, `--client-version`)
    #[must_use]
    pub fn client(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.client = Some((name.into(), version.into()));
        self
    }
}

/// Whether a key belongs to the platform.
fn is_reserved(key: &str) -> bool {
    let domain = key.split_once('/').map(|(domain, _)| domain);
    let ours = |domain: &str| ["googleapis.com", "knative.dev"].iter().any(|end| domain.ends_with(end));
    domain.is_some_and(ours) || key.starts_with("goog-")
}
