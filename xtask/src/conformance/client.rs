//! The clients: what each needs on this machine, and how its script is run.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use tokio::process::Command;

use crate::program::{installed, process};

/// A client that the emulator has to satisfy: Google's own ones, curl, and the browser that shows its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// google-api-python-client
    Python,
    /// google.golang.org/api/run/v1
    Go,
    /// The gcloud command
    Gcloud,
    /// curl, with the lines of the guide
    Curl,
    /// The emulator's page, in Chromium
    Browser,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Python => "python",
            Self::Go => "go",
            Self::Gcloud => "gcloud",
            Self::Curl => "curl",
            Self::Browser => "browser",
        })
    }
}

/// What the preparation of a client found.
#[derive(Debug)]
pub(super) enum Prepared {
    /// The command that runs its script; it lacks the emulator's URL.
    Ready(Command),
    /// What is not installed.
    Missing(String),
}

/// Downloading and compiling may take this long, the first time.
const PREPARATION: Duration = Duration::from_secs(300);

/// Where Debian's packages put the sources of Go libraries.
const GO_PATH: &str = "/usr/share/gocode";

/// The directories of a run.
pub(super) struct Places {
    /// The scripts of the clients, in the repository.
    pub(super) scripts: PathBuf,
    /// What is made for them; it may be removed at any time between two runs.
    pub(super) scratch: PathBuf,
}

impl Client {
    /// Makes the client ready to run, if it is installed.
    ///
    /// # Errors
    /// If it is installed and can still not be used.
    pub(super) async fn prepare(self, places: &Places) -> Result<Prepared> {
        match self {
            Self::Python => python(places, "python").await,
            Self::Go => go(places).await,
            Self::Gcloud => Ok(script(places, "gcloud")),
            Self::Curl => Ok(script(places, "curl")),
            Self::Browser => browser(places).await,
        }
    }
}

/// Installs the packages of a script in a virtual environment of its own, once for each state of their list.
async fn python(places: &Places, name: &str) -> Result<Prepared> {
    let Some(python) = installed("python3") else {
        return Ok(Prepared::Missing("python3 is not installed".to_owned()));
    };
    let has_venv =
        "import sys, importlib.util as u; sys.exit(not all(map(u.find_spec, ('venv', 'ensurepip'))))";
    if !succeeds(Command::new(&python).args(["-c", has_venv])).await? {
        return Ok(Prepared::Missing("python3 has no venv or no pip".to_owned()));
    }
    let home = places.scratch.join(name);
    let script = places.scripts.join(name).join("walkthrough.py");
    let wanted = places.scripts.join(name).join("requirements.txt");
    let list = fs::read_to_string(&wanted).with_context(|| wanted.display().to_string())?;
    let (own, marker) = (home.join("bin/python"), home.join("requirements.txt"));
    if !fs::read_to_string(&marker).is_ok_and(|installed| installed == list) {
        if !succeeds(Command::new(&python).args(["-m", "venv", "--clear"]).arg(&home)).await? {
            bail!("python3 could not make a virtual environment in {}", home.display());
        }
        let mut pip = Command::new(&own);
        // Without a network this has to fail soon.
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
        pip.args(["--retries", "1", "--timeout", "15", "-r"]).arg(&wanted);
        if !succeeds(&mut pip).await? {
            return Ok(Prepared::Missing(format!(
                "pip could not install tests/clients/{name}/requirements.txt"
            )));
        }
        fs::write(&marker, list).with_context(|| marker.display().to_string())?;
    }
    let mut command = Command::new(own);
    command.arg(script);
    Ok(Prepared::Ready(command))
}

/// Compiles the script with the libraries that are installed; nothing is downloaded.
async fn go(places: &Places) -> Result<Prepared> {
    let Some(go) = installed("go") else {
        return Ok(Prepared::Missing("go is not installed (Debian: golang-go)".to_owned()));
    };
    if !Path::new(GO_PATH).join("src/google.golang.org/api/run/v1").is_dir() {
        let missing = "google.golang.org/api/run/v1 is not installed (Debian: golang-google-api-dev)";
        return Ok(Prepared::Missing(missing.to_owned()));
    }
    let binary = places.scratch.join("go-walkthrough");
    let mut build = Command::new(go);
    build
        .args(["build", "-o"])
        .arg(&binary)
        .arg(places.scripts.join("go/walkthrough.go"))
        .env("GO111MODULE", "off")
        .env("GOPATH", GO_PATH)
        .env("GOPROXY", "off")
        .env("GOCACHE", places.scratch.join("go-cache"))
        .env_remove("GOFLAGS");
    if !succeeds(&mut build).await? {
        bail!("the script does not compile");
    }
    Ok(Prepared::Ready(Command::new(binary)))
}

/// A script that needs nothing but a program of this name.
fn script(places: &Places, program: &str) -> Prepared {
    let Some(python) = installed("python3") else {
        return Prepared::Missing("python3, which runs the script, is not installed".to_owned());
    };
    if installed(program).is_none() {
        return Prepared::Missing(format!("{program} is not installed"));
    }
    let mut command = Command::new(python);
    command.arg(places.scripts.join(program).join("walkthrough.py"));
    Prepared::Ready(command)
}

/// The browser and its driver are Debian's; only the library between them and the script is fetched.
async fn browser(places: &Places) -> Result<Prepared> {
    for program in ["chromium", "chromedriver"] {
        if installed(program).is_none() {
            let package = if program == "chromium" { "chromium" } else { "chromium-driver" };
            return Ok(Prepared::Missing(format!("{program} is not installed (Debian: {package})")));
        }
    }
    python(places, "browser").await
}

async fn succeeds(command: &mut Command) -> Result<bool> {
    Ok(process::run(command, PREPARATION, |_| {}).await?.is_success())
}
