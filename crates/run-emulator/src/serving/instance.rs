//! One instance of a revision: its processes, once all of them have started well.

use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures::future::{join_all, try_join_all};

use super::plan::{Part, Plan};
use super::probe::Failed;
use super::programs::{Port, Programs};
use super::said::{Purpose, Subject};
use crate::process::{Batch, Exit, Launch, MissingSecret, listening};

/// Why an instance did not start, or is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A secret that it needs is not there.
    Secret(MissingSecret),
    /// A program cannot be started.
    NotStarted(String),
    /// A program has ended.
    Exited(Exit),
    /// Nothing listens on the port.
    Silent,
    /// What listens does not pass the probe.
    Unwell,
}

/// A running instance.
#[derive(Debug)]
pub(super) struct Instance {
    processes: Batch,
    port: Port,
}

impl Instance {
    /// Starts the containers in their order, and waits until the probes of all are content.
    pub(super) async fn start(plan: &Plan, programs: &Programs) -> Result<Self, Trouble> {
        let own = plan.waves.iter().flatten().find_map(|part| part.port);
        let own = own.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        let port = programs.ports.take(own).map_err(|error| Trouble::NotStarted(error.to_string()))?;
        let mut processes = Batch::new(programs.settings.stop_grace);
        for wave in &plan.waves {
            let mut strays = Vec::new();
            for part in wave {
                let launch = launch(plan, part, programs, port.number).map_err(Trouble::Secret)?;
                let process = programs.launcher.launch(launch);
                let process = process.map_err(|error| Trouble::NotStarted(error.to_string()))?;
                if part.port.is_some() {
                    strays.push(astray(process.group(), port.number, &part.source, programs));
                }
                processes.push(process);
            }
            let probes = wave.iter().filter_map(|part| {
                let probe = part.startup.as_ref()?;
                Some(async {
                    let probed = probe.run(probe.port(part.port, port.number)).await;
                    let (purpose, container) = (Purpose::Startup, part.name());
                    let subject = Subject { purpose, probe, container, port: probe.configured(part.port) };
                    let text = match probed {
                        Ok(attempts) => subject.succeeded(attempts),
                        Err(failed) => subject.failed(probe.attempts, failed),
                    };
                    programs.settings.log.note(&part.source, &text);
                    probed
                })
            });
            tokio::select! {
                // One that has ended may have left somebody else's listener to be found.
                biased;
                exit = processes.any_exit() => return Err(Trouble::Exited(exit)),
                _ = join_all(strays), if !strays.is_empty() => {}
                probed = try_join_all(probes.collect::<Vec<_>>()) => {
                    probed.map_err(|failed| match failed {
                        Failed::Silent => Trouble::Silent,
                        Failed::Status(_) | Failed::Unwell => Trouble::Unwell,
                    })?;
                }
            }
        }
        Ok(Self { processes, port })
    }

    /// Where it is to be reached.
    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.number))
    }

    /// How the first of its processes ends, when it has.
    pub(super) async fn ended(&self) -> Exit {
        self.processes.any_exit().await
    }

    /// Asks its processes to end, and waits until they have.
    pub(super) async fn stop(self) {
        self.processes.stop().await;
    }

    /// Ends its processes without asking.
    pub(super) async fn kill(self) {
        self.processes.kill().await;
    }
}

/// Says in the log which port a program listens on, if it is not the one that it was given. It never ends.
async fn astray(group: u32, port: u16, source: &str, programs: &Programs) {
    loop {
        tokio::time::sleep(LOOK).await;
        let ports = listening(group);
        if ports.contains(&port) {
            break;
        }
        if let Some(other) = ports.first() {
            let text = format!("listens on port {other}, and not on PORT={port}: no request can come to it");
            programs.settings.log.note(source, &text);
            break;
        }
    }
    pending().await
}

/// How long it is until the ports of a program that does not listen are looked at.
const LOOK: Duration = Duration::from_millis(300);

/// (Documented: which variables there are, and that only the container that receives requests has a port.)
fn launch(plan: &Plan, part: &Part, programs: &Programs, port: u16) -> Result<Launch, MissingSecret> {
    let secrets = &programs.settings.secrets;
    let mut launch = Launch::of(part.source.clone(), &part.container, &part.command, secrets)?;
    let contract =
        [("K_SERVICE", &plan.service), ("K_REVISION", &plan.revision), ("K_CONFIGURATION", &plan.service)];
    launch.env.extend(contract.map(|(name, value)| (name.to_owned(), value.clone())));
    if part.port.is_some() {
        launch.env.insert("PORT".to_owned(), port.to_string());
    }
    Ok(launch)
}
