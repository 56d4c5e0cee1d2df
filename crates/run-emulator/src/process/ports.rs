//! Which ports a group of processes listens on.

/// The ports, as far as this system tells; none on others than Linux.
///
/// `/proc/PID/fd` has the inodes of a process's sockets, `/proc/net/tcp` those that listen, with their ports.
#[cfg(target_os = "linux")]
pub(crate) fn listening(group: u32) -> Vec<u16> {
    let sockets: Vec<String> = members(group).iter().flat_map(|process| sockets(process)).collect();
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    lines.filter_map(listener).filter(|(_, inode)| sockets.contains(inode)).map(|(port, _)| port).collect()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn listening(_: u32) -> Vec<u16> {
    Vec::new()
}

/// The directories of the processes of a group.
#[cfg(target_os = "linux")]
fn members(group: u32) -> Vec<std::path::PathBuf> {
    let Ok(all) = std::fs::read_dir("/proc") else { return Vec::new() };
    let of_group = |directory: &std::path::PathBuf| {
        let stat = std::fs::read_to_string(directory.join("stat")).ok()?;
        // The name, in parentheses, may have anything in it: state, parent and group follow it.
        stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse::<u32>().ok()
    };
    all.flatten().map(|entry| entry.path()).filter(|one| of_group(one) == Some(group)).collect()
}

/// The inodes of a process's sockets.
#[cfg(target_os = "linux")]
fn sockets(process: &std::path::Path) -> Vec<String> {
    let Ok(all) = std::fs::read_dir(process.join("fd")) else { return Vec::new() };
    let links = all.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok());
    let inode = |link: std::path::PathBuf| {
        Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    };
    links.filter_map(inode).collect()
}

/// The port and the inode of a line about a socket that listens.
#[cfg(target_os = "linux")]
fn listener(line: &str) -> Option<(u16, String)> {
    const LISTENS: &str = "0A";
    let words: Vec<&str> = line.split_whitespace().collect();
    let port = words.get(1)?.rsplit_once(':')?.1;
    (*words.get(3)? == LISTENS)
        .then(|| Some((u16::from_str_radix(port, 16).ok()?, (*words.get(9)?).to_owned())))?
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100";
        assert_eq!(listener(line), Some((8080, "4711".to_owned())));
        assert_eq!(listener(&line.replace(" 0A ", " 01 ")), None);
        assert_eq!(listener(""), None);
    }

    #[test]
    fn this_process_listens() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let group = rustix::process::getpgrp().as_raw_pid();
        let ports = listening(u32::try_from(group).unwrap());
        assert!(ports.contains(&socket.local_addr().unwrap().port()), "{ports:?}");
    }
}
