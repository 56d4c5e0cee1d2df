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
}
