//! The way out: VPC networks, connectors and Cloud SQL.

use clap::Args;
use run_api::{Location, Workload};
use run_ops::edit::{self, Edit};

use super::read::{list, or_none, wrong};
use crate::terminal::Failure;

/// The flags about what containers can reach.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Networks and databases")]
pub(crate) struct NetworkFlags {
    /// The VPC network to send requests to private addresses through, without a connector
    #[arg(long, conflicts_with = "clear_network")]
    network: Option<String>,

    /// The subnet of that network
    #[arg(long, conflicts_with = "clear_network")]
    subnet: Option<String>,

    /// The network tags, by which firewall rules know the instances
    #[arg(long, value_name = "TAG,...", conflicts_with_all = ["clear_network", "clear_network_tags"])]
    network_tags: Vec<String>,

    /// Without network tags
    #[arg(long)]
    clear_network_tags: bool,

    /// Without the VPC network
    #[arg(long)]
    clear_network: bool,

    /// The connector to a VPC network
    #[arg(long, value_name = "CONNECTOR", conflicts_with = "clear_vpc_connector")]
    vpc_connector: Option<String>,

    /// Without a connector
    #[arg(long)]
    clear_vpc_connector: bool,

    /// What goes through the network or connector
    #[arg(long, value_parser = ["private-ranges-only", "all-traffic", "all"])]
    vpc_egress: Option<String>,

    /// These Cloud SQL instances besides those that are there
    #[arg(long, value_name = "INSTANCE,...", conflicts_with_all = ["set_cloudsql_instances", "clear_cloudsql_instances"])]
    add_cloudsql_instances: Vec<String>,

    /// These Cloud SQL instances in place of all that were there
    #[arg(long, value_name = "INSTANCE,...", conflicts_with_all = ["remove_cloudsql_instances", "clear_cloudsql_instances"])]
    set_cloudsql_instances: Vec<String>,

    /// Without these Cloud SQL instances
    #[arg(long, value_name = "INSTANCE,...", conflicts_with = "clear_cloudsql_instances")]
    remove_cloudsql_instances: Vec<String>,

    /// Without any Cloud SQL instance
    #[arg(long)]
    clear_cloudsql_instances: bool,
}

impl NetworkFlags {
    pub(super) fn edit<W: Workload>(
        &self,
        mut edit: Edit<W>,
        location: &Location,
    ) -> Result<Edit<W>, Failure> {
        if self.clear_network {
            edit = edit.clear_network();
        }
        // Before the network: the egress of a connector that goes is not that of a network that comes.
        if self.clear_vpc_connector {
            edit = edit.vpc_connector(None);
        }
        if let Some(network) = &self.network {
            edit = edit.network(or_none(network));
        }
        if let Some(subnet) = &self.subnet {
            edit = edit.subnet(or_none(subnet));
        }
        if self.clear_network_tags {
            edit = edit.network_tags(Vec::<String>::new());
        }
        if !self.network_tags.is_empty() {
            edit = edit.network_tags(list("--network-tags", &self.network_tags)?);
        }
        if let Some(connector) = &self.vpc_connector {
            edit = edit.vpc_connector(or_none(connector));
        }
        if let Some(egress) = &self.vpc_egress {
            edit = edit.vpc_egress(egress.as_str());
        }
        let instances = |flag: &str, typed: &[String]| -> Result<Vec<String>, Failure> {
            let named = list(flag, typed)?;
            let full =
                |name: &String| edit::cloud_sql_instance(location, name).map_err(|error| wrong(flag, error));
            named.iter().map(full).collect()
        };
        if self.clear_cloudsql_instances {
            edit = edit.set_cloud_sql(Vec::<String>::new());
        }
        if !self.set_cloudsql_instances.is_empty() {
            edit = edit.set_cloud_sql(instances("--set-cloudsql-instances", &self.set_cloudsql_instances)?);
        }
        if !self.remove_cloudsql_instances.is_empty() {
            edit = edit
                .remove_cloud_sql(instances("--remove-cloudsql-instances", &self.remove_cloudsql_instances)?);
        }
        if !self.add_cloudsql_instances.is_empty() {
            edit = edit.add_cloud_sql(instances("--add-cloudsql-instances", &self.add_cloudsql_instances)?);
        }
        Ok(edit)
    }
}
