//! `runctl emulator env`: what makes a client talk to an emulator.

use std::fmt;
use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use super::values;
use crate::arguments::GlobalArguments;
use crate::settings::env;
use crate::terminal::{Failure, Printer};

/// What `runctl emulator env` is given.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The address of the emulator
    #[arg(long, default_value = "127.0.0.1:8787", value_name = "ADDRESS:PORT")]
    address: SocketAddr,

    /// The shell that is to understand it
    #[arg(long, value_enum, default_value_t = Shell::own())]
    shell: Shell,

    /// The clients to redirect, with commas; all by default
    #[arg(long, value_enum, value_delimiter = ',')]
    client: Vec<Client>,

    /// Take the variables away again
    #[arg(long)]
    unset: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    /// sh, bash, zsh: eval "$(runctl emulator env)"
    Sh,
    /// fish: runctl emulator env --shell fish | source
    Fish,
    /// PowerShell: runctl emulator env --shell powershell | Out-String | Invoke-Expression
    #[value(name = "powershell")]
    Pwsh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Client {
    /// runctl and the crates of run-rs
    RunRs,
    /// Google Cloud's command line
    Gcloud,
    /// Google's client for Python
    Python,
    /// Google's client for Go
    Go,
    /// Terraform, with Google's provider
    Terraform,
}

const PROJECT: &str = "demo-project";
const REGION: &str = "us-central1";

/// Prints the variables to stdout; what they cannot do is said on stderr.
pub(crate) fn run(arguments: &Arguments, global: &GlobalArguments, printer: Printer) -> Result<(), Failure> {
    let project = global.project.as_deref().unwrap_or(PROJECT);
    let (project, _) = values::project(project).map_err(Failure::usage)?;
    let region = match &global.region {
        Some(region) => run_api::Region::new(region)?.as_str().to_owned(),
        None => REGION.to_owned(),
    };
    let place = Place { address: arguments.address, project, region: &region };
    let clients = if arguments.client.is_empty() { Client::value_variants() } else { &arguments.client };
    let mut printed: Vec<&str> = Vec::new();
    for (name, value) in clients.iter().flat_map(|client| client.variables(place)) {
        if printed.contains(&name) {
            continue;
        }
        printed.push(name);
        printer.data(if arguments.unset {
            arguments.shell.unset(name)
        } else {
            arguments.shell.set(name, &value)
        })?;
    }
    for note in clients.iter().filter_map(|client| client.note()).filter(|_| !arguments.unset) {
        printer.talk(note);
    }
    Ok(())
}

/// Where the emulator is, and what is to be the client's own place in it.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    address: SocketAddr,
    project: &'a str,
    region: &'a str,
}

impl Client {
    /// The variables that redirect the client.
    fn variables(self, place: Place<'_>) -> Vec<(&'static str, String)> {
        let Place { address, project, region } = place;
        let (project, region) = (project.to_owned(), region.to_owned());
        let url = format!("http://{address}");
        match self {
            Self::RunRs => {
                vec![
                    ("RUN_EMULATOR_HOST", address.to_string()),
                    (env::PROJECT, project),
                    (env::REGION, region),
                ]
            }
            // It puts the region before the host of its endpoint, which no name of this machine survives; so the hosts
            // stay Google's, and the emulator is the proxy that leads to them.
            Self::Gcloud => vec![
                ("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "http://run.googleapis.com/".to_owned()),
                // It asks for the number of a project that a manifest names.
                (
                    "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER",
                    "http://cloudresourcemanager.googleapis.com/".to_owned(),
                ),
                ("CLOUDSDK_PROXY_TYPE", "http_no_tunnel".to_owned()),
                ("CLOUDSDK_PROXY_ADDRESS", address.ip().to_string()),
                ("CLOUDSDK_PROXY_PORT", address.port().to_string()),
                (env::GCLOUD_NO_CREDENTIALS, "true".to_owned()),
                ("CLOUDSDK_CORE_CHECK_GCE_METADATA", "false".to_owned()),
                ("CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API", "false".to_owned()),
                (env::GCLOUD_PROJECT, project),
                (env::GCLOUD_REGION, region),
            ],
            Self::Python | Self::Go => vec![("RUN_EMULATOR_URL", url), ("GOOGLE_CLOUD_PROJECT", project)],
            Self::Terraform => vec![
                ("GOOGLE_CLOUD_RUN_CUSTOM_ENDPOINT", format!("{url}/")),
                ("GOOGLE_OAUTH_ACCESS_TOKEN", "emulator".to_owned()),
                ("GOOGLE_PROJECT", project),
                ("GOOGLE_REGION", region),
            ],
        }
    }

    /// What variables alone cannot do.
    fn note(self) -> Option<&'static str> {
        match self {
            Self::RunRs | Self::Gcloud => None,
            Self::Python => Some(
                "python: build(\"run\", \"v1\", client_options={\"api_endpoint\": os.environ[\"RUN_EMULATOR_URL\"]}, \
                 credentials=AnonymousCredentials())",
            ),
            Self::Go => Some(
                "go: run.NewService(ctx, option.WithEndpoint(os.Getenv(\"RUN_EMULATOR_URL\")), \
                 option.WithoutAuthentication())",
            ),
            Self::Terraform => Some(
                "terraform: the location of a resource has to be the region that the emulator was started with",
            ),
        }
    }
}

impl Shell {
    fn own() -> Self {
        if cfg!(windows) { Self::Pwsh } else { Self::Sh }
    }

    /// A command that sets a variable. Those for sh also work if the shell has made one line of them.
    fn set(self, name: &str, value: &str) -> String {
        match self {
            Self::Sh => format!("export {name}='{}';", value.replace('\'', r"'\''")),
            Self::Fish => format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'")),
            Self::Pwsh => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }

    fn unset(self, name: &str) -> String {
        match self {
            Self::Sh => format!("unset {name};"),
            Self::Fish => format!("set -e {name}"),
            Self::Pwsh => format!("Remove-Item -ErrorAction SilentlyContinue Env:{name}"),
        }
    }
}

/// By its name on the command line.
impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sh => f.write_str("sh"),
            Self::Fish => f.write_str("fish"),
            Self::Pwsh => f.write_str("powershell"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted() {
        let value = r"a'b\c $d";
        assert_eq!(Shell::Sh.set("X", value), r"export X='a'\''b\c $d';");
        assert_eq!(Shell::Fish.set("X", value), r"set -gx X 'a\'b\\c $d'");
        assert_eq!(Shell::Pwsh.set("X", value), r"$env:X = 'a''b\c $d'");
    }

    #[test]
    fn every_client_is_led_to_the_emulator() {
        let place = Place { address: "127.0.0.1:99".parse().unwrap(), project: "p", region: "europe-west1" };
        for client in Client::value_variants() {
            let variables = client.variables(place);
            let has = |part: &str| variables.iter().any(|(_, value)| value.contains(part));
            assert!(has("127.0.0.1"), "{client:?}");
            assert!(has("99"), "{client:?}");
            assert!(variables.iter().any(|(_, value)| value == "p"), "{client:?}");
        }
    }
}
