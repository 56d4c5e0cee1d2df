//! The network that a workload is in, and Cloud SQL.

use run_api::known::annotations::{
    CLOUDSQL_INSTANCES, NETWORK_INTERFACES, VPC_ACCESS_CONNECTOR, VPC_ACCESS_EGRESS,
};
use run_api::{Location, Workload};
use serde_json::{Map, Value};

use super::error::{InvalidEdit, Problem};
use super::list::Edit;
use super::place::{Level, text, texts};

impl<W: Workload> Edit<W> {
    /// The VPC network, or none: `network` in the template annotation `run.googleapis.com/network-interfaces`.
    /// (gcloud: `--network`)
    ///
    /// When the last of network, subnet and tags goes, the [egress](Self::vpc_egress) goes as well, as in gcloud,
    /// unless there is a connector.
    #[must_use]
    pub fn network<'a>(self, network: impl Into<Option<&'a str>>) -> Self {
        self.interface("network", text(network).map(Value::String))
    }

    /// The subnet, or none: `subnetwork` in the same place. (gcloud: `--subnet`)
    #[must_use]
    pub fn subnet<'a>(self, subnet: impl Into<Option<&'a str>>) -> Self {
        self.interface("subnetwork", text(subnet).map(Value::String))
    }

    /// The network tags, in place of those that were there: `tags` in the same place. (gcloud: `--network-tags`)
    #[must_use]
    pub fn network_tags<T: Into<String>>(self, tags: impl IntoIterator<Item = T>) -> Self {
        let tags: Vec<Value> = texts(tags).into_iter().map(Value::String).collect();
        self.interface("tags", (!tags.is_empty()).then_some(Value::Array(tags)))
    }

    /// Takes network, subnet and tags away, and the [egress](Self::vpc_egress) unless there is a connector. (gcloud:
    /// `--clear-network`)
    #[must_use]
    pub fn clear_network(self) -> Self {
        self.without_network(NETWORK_INTERFACES)
    }

    /// Takes an annotation away, and the egress if no way into a network is left.
    fn without_network(self, key: &'static str) -> Self {
        self.with(move |workload| {
            Level::Template.annotate(workload, key, None);
            if [NETWORK_INTERFACES, VPC_ACCESS_CONNECTOR]
                .iter()
                .all(|way| workload.template_annotation(way).is_none())
            {
                Level::Template.annotate(workload, VPC_ACCESS_EGRESS, None);
            }
            Ok(())
        })
    }

    fn interface(self, key: &'static str, value: Option<Value>) -> Self {
        let clear = value.is_none();
        let edit = self.with(move |workload| {
            let present = workload.template_annotation(NETWORK_INTERFACES).filter(|text| !text.is_empty());
            let before: Vec<Map<String, Value>> = match present {
                None => Vec::new(),
                Some(text) => serde_json::from_str(text)
                    .map_err(|error| at::<W>(NETWORK_INTERFACES, Problem::Unreadable(error.to_string())))?,
            };
            let mut after = before.clone();
            match &value {
                Some(value) => {
                    if after.is_empty() {
                        after.push(Map::new());
                    }
                    after[0].insert(key.to_owned(), value.clone());
                }
                None => {
                    if let Some(first) = after.first_mut() {
                        first.remove(key);
                    }
                    after.retain(|interface| !interface.is_empty());
                }
            }
            if after != before {
                let text = serde_json::to_string(&after)
                    .map_err(|error| at::<W>(NETWORK_INTERFACES, Problem::Other(error.to_string())))?;
                let text = Some(text.as_str()).filter(|_| !after.is_empty());
                Level::Template.annotate(workload, NETWORK_INTERFACES, text);
            }
            Ok(())
        });
        if clear { edit.without_network("") } else { edit }
    }

    /// The connector of Serverless VPC Access, or none: template annotation
    /// `run.googleapis.com/vpc-access-connector`. Without it the [egress](Self::vpc_egress) goes as well, unless there
    /// is a network. (gcloud: `--vpc-connector`, `--clear-vpc-connector`)
    #[must_use]
    pub fn vpc_connector<'a>(self, connector: impl Into<Option<&'a str>>) -> Self {
        match text(connector) {
            None => self.without_network(VPC_ACCESS_CONNECTOR),
            connector => self.set_annotation(Level::Template, VPC_ACCESS_CONNECTOR, connector),
        }
    }

    /// What goes through the network, `all-traffic` or `private-ranges-only`, or none for the default: template
    /// annotation `run.googleapis.com/vpc-access-egress`. (gcloud: `--vpc-egress`)
    #[must_use]
    pub fn vpc_egress<'a>(self, egress: impl Into<Option<&'a str>>) -> Self {
        self.set_annotation(Level::Template, VPC_ACCESS_EGRESS, text(egress))
    }

    /// Connects to Cloud SQL instances, each `PROJECT:REGION:INSTANCE`, besides those that are there: template
    /// annotation `run.googleapis.com/cloudsql-instances`. (gcloud: `--add-cloudsql-instances`)
    #[must_use]
    pub fn add_cloud_sql<T: Into<String>>(self, instances: impl IntoIterator<Item = T>) -> Self {
        let instances = texts(instances);
        self.cloud_sql(instances.clone(), move |present| {
            for instance in &instances {
                if !present.contains(instance) {
                    present.push(instance.clone());
                }
            }
        })
    }

    /// Connects to these Cloud SQL instances only; to none for none. (gcloud: `--set-cloudsql-instances`,
    /// `--clear-cloudsql-instances`)
    #[must_use]
    pub fn set_cloud_sql<T: Into<String>>(self, instances: impl IntoIterator<Item = T>) -> Self {
        let instances = texts(instances);
        self.cloud_sql(instances.clone(), move |present| present.clone_from(&instances))
    }

    /// Does not connect to these Cloud SQL instances any more. (gcloud: `--remove-cloudsql-instances`)
    #[must_use]
    pub fn remove_cloud_sql<T: Into<String>>(self, instances: impl IntoIterator<Item = T>) -> Self {
        let instances = texts(instances);
        self.cloud_sql(Vec::new(), move |present| present.retain(|one| !instances.contains(one)))
    }

    fn cloud_sql(
        self,
        named: Vec<String>,
        change: impl Fn(&mut Vec<String>) + Send + Sync + 'static,
    ) -> Self {
        self.with(move |workload| {
            if let Some(wrong) = named.iter().find(|name| !is_instance(name)) {
                return Err(at::<W>(CLOUDSQL_INSTANCES, Problem::CloudSql(wrong.clone())));
            }
            let text = workload.template_annotation(CLOUDSQL_INSTANCES).unwrap_or_default();
            let before: Vec<String> =
                text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect();
            let mut after = before.clone();
            change(&mut after);
            if after != before {
                let text = Some(after.join(",")).filter(|text| !text.is_empty());
                Level::Template.annotate(workload, CLOUDSQL_INSTANCES, text.as_deref());
            }
            Ok(())
        })
    }
}

/// The full name of a Cloud SQL instance, from `PROJECT:REGION:INSTANCE`, or from `INSTANCE` alone for one in the same
/// place. (gcloud's source.)
///
/// ```
/// use run_ops::edit;
///
/// let here = run_api::Location::new("my-project", "us-central1")?;
/// assert_eq!(edit::cloud_sql_instance(&here, "db")?, "my-project:us-central1:db");
/// assert_eq!(edit::cloud_sql_instance(&here, "p:europe-west1:db")?, "p:europe-west1:db");
/// assert!(edit::cloud_sql_instance(&here, "us-central1:db").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Problem::CloudSql`] for anything else.
pub fn cloud_sql_instance(location: &Location, name: &str) -> Result<String, Problem> {
    let full = match name.contains(':') {
        true => name.to_owned(),
        false => format!("{}:{}:{name}", location.project, location.region),
    };
    if is_instance(&full) { Ok(full) } else { Err(Problem::CloudSql(name.to_owned())) }
}

/// Three parts, of which the first may have a domain with a colon.
fn is_instance(name: &str) -> bool {
    let parts: Vec<&str> = name.split(':').collect();
    (3..=4).contains(&parts.len()) && parts.iter().all(|part| !part.is_empty() && !part.contains(','))
}

fn at<W: Workload>(key: &str, problem: Problem) -> InvalidEdit {
    InvalidEdit::new(Level::Template.path::<W>(key), problem)
}
