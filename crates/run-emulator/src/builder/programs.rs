//! Settings of programs that run in place of images.

use std::time::Duration;

use super::EmulatorBuilder;
use crate::images::ImageBehaviour;
use crate::process::{LocalCommand, ProcessLine, Sink};

impl EmulatorBuilder {
    /// Runs a program of this machine in place of an image, which is named as for [`image`](Self::image).
    pub fn run(self, image: impl Into<String>, command: LocalCommand) -> Self {
        self.image(image, ImageBehaviour::Command(command))
    }

    /// Lets a container's `command` replace the program of its image on an emulator that other machines can reach, too. On
    /// loopback it always does; elsewhere a container that has one does not start, since whoever reaches the emulator could
    /// run any program of this machine.
    ///
    /// What others may give to a program in any case is its arguments, its environment and its directory.
    pub fn run_any_command(mut self) -> Self {
        self.run_any_command = true;
        self
    }

    /// The value of a secret, in all of its versions, for the environment of programs.
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.programs.secrets.insert(name.into(), value.into());
        self
    }

    /// Who is given the lines that programs write; nobody by default.
    pub fn process_log(mut self, sink: impl Fn(ProcessLine<'_>) + Send + Sync + 'static) -> Self {
        self.programs.log = Sink::new(sink);
        self
    }

    /// How long a program may take to end when it is asked to, before it is killed: ten seconds by default, as
    /// with Cloud Run.
    pub fn stop_grace(mut self, grace: Duration) -> Self {
        self.programs.stop_grace = grace;
        self
    }

    /// How long a program that serves is kept without requests, before its revision is scaled to zero: 15 minutes
    /// by default. With `autoscaling.knative.dev/minScale` it is kept as long as its revision is needed.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.programs.idle_timeout = timeout;
        self
    }

    /// How long a request waits while a program answers as many as its revision's `containerConcurrency` allows,
    /// before it gets a 429: ten seconds by default.
    pub fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.programs.queue_timeout = timeout;
        self
    }
}
