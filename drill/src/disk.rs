//! A small file system for one instance: a tmpfs in a mount namespace of its own, which ends with this process.

use anyhow::{Context, Result, ensure};
use std::{
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The file that takes up what is left.
const BALLAST: &str = "ballast";

/// A mounted tmpfs that only processes started with [`SmallDisk::wrapper`] see under its path.
pub(crate) struct SmallDisk {
    holder: Child,
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts one of `mib` MiB over `folder`. Needs root, or the right to make user namespaces.
    pub fn mount(folder: &Path, mib: u64) -> Result<SmallDisk> {
        fs::create_dir_all(folder)?;
        let script = format!("mount -t tmpfs -o size={mib}m tmpfs \"$0\" && echo mounted && exec cat");
        let mut refusal = String::new();
        for flags in [&["--mount"][..], &["--mount", "--user", "--map-root-user"][..]] {
            let mut holder = Command::new("unshare")
                .args(flags)
                .args(["sh", "-c", &script])
                .arg(folder)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .context("start unshare")?;
            let mut line = String::new();
            BufReader::new(holder.stdout.take().context("no output")?).read_line(&mut line)?;
            if line.trim() == "mounted" {
                return Ok(SmallDisk { holder, folder: folder.to_owned() });
            }
            let output = holder.wait_with_output()?;
            refusal = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        }
        anyhow::bail!("no small file system can be mounted here: {refusal}")
    }

    /// What to put before a command, so that it sees the file system.
    pub fn wrapper(&self) -> Vec<OsString> {
        let pid = self.holder.id().to_string();
        let mut words: Vec<OsString> = ["nsenter", "--target", &pid, "--mount"].iter().map(OsString::from).collect();
        if self.is_in_user_namespace() {
            words.extend(["--user", "--preserve-credentials"].iter().map(OsString::from));
        }
        words.push("--".into());
        words
    }

    /// Takes up all room.
    pub fn fill(&self) -> Result<()> {
        let mut file = fs::File::create(self.path(BALLAST))?;
        let piece = vec![0u8; 1 << 20];
        let mut size = piece.len();
        // Ever smaller pieces, to the last byte.
        while size > 0 {
            match file.write(&piece[..size]) {
                Ok(written) if written > 0 => {}
                Ok(_) | Err(_) => size /= 2,
            }
        }
        Ok(())
    }

    /// Gives the room back.
    pub fn free(&self) -> Result<()> {
        fs::remove_file(self.path(BALLAST)).context("remove the ballast")
    }

    /// Bytes in use, in MiB.
    pub fn used_mib(&self) -> Result<u64> {
        let output = Command::new("du").args(["-sm"]).arg(self.path("")).output().context("run du")?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(!text.is_empty(), "du says nothing");
        text.split_whitespace().next().and_then(|word| word.parse().ok()).context("du says no number")
    }

    /// A file in it, as this process sees it.
    fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.folder.strip_prefix("/").unwrap_or(&self.folder)).join(name)
    }

    fn is_in_user_namespace(&self) -> bool {
        let of = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/user")).ok();
        of("self") != of(&self.holder.id().to_string())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The file system ends with the last process that sees it.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
