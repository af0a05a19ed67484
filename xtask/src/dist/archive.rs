//! Archives: writes a .tar.gz whose bytes depend only on what is in it, and lists what is in any of ours.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command as Process, Stdio};

use crate::command::Outcome;

/// The size of a tar archive's blocks.
const BLOCK: usize = 512;

/// Writes the files below a folder, by the order of their names, without times and owners.
pub(super) fn write(folder: &Path, archive: &Path) -> Outcome {
    let mut names = Vec::new();
    walk(folder, "", &mut names)?;
    names.sort();
    let mut gzip = Process::new("gzip")
        .args(["-n", "-9"])
        .stdin(Stdio::piped())
        .stdout(File::create(archive)?)
        .spawn()
        .map_err(|e| format!("gzip: {e}"))?;
    let mut out = gzip.stdin.take().ok_or("gzip has no input")?;
    for name in names {
        let path = folder.join(&name);
        let content = fs::read(&path)?;
        out.write_all(&header(&name, content.len(), runs(&path)?)?)?;
        out.write_all(&content)?;
        out.write_all(&vec![0; content.len().next_multiple_of(BLOCK) - content.len()])?;
    }
    // The end.
    out.write_all(&[0; 2 * BLOCK])?;
    drop(out);
    if gzip.wait()?.success() { Ok(()) } else { Err("gzip failed".into()) }
}

fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) -> Outcome {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}

/// Whether a file is a program.
#[cfg(unix)]
fn runs(path: &Path) -> Outcome<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn runs(path: &Path) -> Outcome<bool> {
    Ok(path.extension().is_some_and(|extension| extension == "exe"))
}

/// The header of a file in the form of POSIX (ustar), dated to the beginning of 1980, as zip archives begin there.
fn header(name: &str, size: usize, runs: bool) -> Outcome<[u8; BLOCK]> {
    const CHECKSUM: usize = 148;
    let mode = if runs { "0000755\0" } else { "0000644\0" };
    let size = format!("{size:011o}\0");
    let time = format!("{:011o}\0", 315_532_800);
    let mut header = [0; BLOCK];
    if name.len() > 100 || size.len() > 12 {
        return Err(format!("{name} does not fit into an archive").into());
    }
    for (at, text) in [
        (0, name),
        (100, mode),
        (108, "0000000\0"),
        (116, "0000000\0"),
        (124, &size),
        (136, &time),
        (CHECKSUM, "        "),
        (156, "0"),
        (257, "ustar\x0000"),
    ] {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[CHECKSUM..CHECKSUM + 8].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(header)
}

/// The names of the files in an archive, sorted; none if the file is not an archive.
pub(super) fn list(archive: &Path) -> Outcome<Vec<String>> {
    let name = archive.to_string_lossy();
    let mut names = if name.ends_with("gz") {
        let listed =
            Process::new("tar").arg("-tzf").arg(archive).stderr(Stdio::inherit()).output()?;
        if !listed.status.success() {
            return Err(format!("tar cannot read {name}").into());
        }
        String::from_utf8(listed.stdout)?.lines().map(Into::into).collect()
    } else if [".whl", ".jar", ".nupkg"].iter().any(|suffix| name.ends_with(suffix)) {
        zip_names(&fs::read(archive)?).ok_or_else(|| format!("{name} is no zip archive"))?
    } else {
        Vec::new()
    };
    names.retain(|name| !name.ends_with('/'));
    names.sort();
    Ok(names)
}

/// The names in the directory of a zip archive that has no comment and fewer than 65,535 files.
fn zip_names(zip: &[u8]) -> Option<Vec<String>> {
    const END: usize = 22;
    let u16_at = |bytes: &[u8], at: usize| {
        Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
    };
    let end = zip.get(zip.len().checked_sub(END)?..)?.strip_prefix(b"PK\x05\x06")?;
    let count = u16_at(end, 6)?;
    let start = u32::from_le_bytes(end.get(12..16)?.try_into().ok()?);
    let mut directory = zip.get(usize::try_from(start).ok()?..)?;
    let mut names = Vec::new();
    for _ in 0..count {
        let entry = directory.strip_prefix(b"PK\x01\x02")?;
        let (name, extra, comment) = (u16_at(entry, 24)?, u16_at(entry, 26)?, u16_at(entry, 28)?);
        names.push(String::from_utf8(entry.get(42..42 + name)?.to_vec()).ok()?);
        directory = entry.get(42 + name + extra + comment..)?;
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `tar` reads what was written, and writing again gives the same bytes whatever the files' times are.
    #[test]
    fn an_archive_has_what_was_put_in_and_nothing_of_when() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("a/sub")).unwrap();
        fs::write(root.join("a/b"), vec![7; BLOCK + 1]).unwrap();
        fs::write(root.join("a/sub/c"), "").unwrap();
        let (first, second) = (folder.path().join("1.tar.gz"), folder.path().join("2.tar.gz"));
        write(&root, &first).unwrap();
        fs::write(root.join("a/b"), vec![7; BLOCK + 1]).unwrap();
        write(&root, &second).unwrap();
        assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
        assert_eq!(list(&first).unwrap(), ["a/b", "a/sub/c"]);

        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        let mut tar = Process::new("tar");
        assert!(tar.arg("-xzf").arg(&first).arg("-C").arg(&out).status().unwrap().success());
        assert_eq!(fs::read(out.join("a/b")).unwrap(), vec![7; BLOCK + 1]);
    }

    #[test]
    fn names_that_do_not_fit_are_refused() {
        assert!(header(&"x".repeat(100), 1, false).is_ok());
        assert!(header(&"x".repeat(101), 1, false).is_err());
    }

    #[test]
    fn the_directory_of_a_zip_archive_is_read() {
        // An entry with a name of two bytes, and an extra field of one.
        let mut zip = b"PK\x01\x02".to_vec();
        zip.extend([0; 42]);
        zip[28..32].copy_from_slice(&[2, 0, 1, 0]);
        zip.extend(b"hi!");
        let mut end = b"PK\x05\x06".to_vec();
        end.extend([0; 18]);
        end[10] = 1;
        zip.extend(&end);
        assert_eq!(zip_names(&zip), Some(vec!["hi".to_owned()]));
        for cut in 0..zip.len() {
            assert_eq!(zip_names(&zip[..cut]), None, "{cut}");
        }
    }
}
