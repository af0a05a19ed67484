//! Reads the texts of a file's schema before the engine opens the file. The engine parses them all when it
//! opens it, and text that nests too deeply would end the process.
//!
//! The engine's own reader says what is in the write-ahead log. The b-tree of `sqlite_schema`, its overflow
//! pages and its records are read here, by the [file format](https://www.sqlite.org/fileformat2.html). A
//! page may occur only once, so reading takes no longer than the file is large, whatever it contains.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{ErrorKind as Io, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use turso_core::{IO, OpenFlags, WalFileShared};

use crate::neighbours::beside;

/// Bytes of the header of the file, on its first page.
const HEADER: usize = 100;
/// What the header begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Bytes of the header of the log, and of that of a frame in it.
const LOG_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// Kinds of pages of a table.
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;

/// A row of `sqlite_schema`.
pub(crate) struct Row<'a> {
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    pub(crate) sql: Option<&'a str>,
    /// The first page of a table or index.
    root: Option<u32>,
}

/// Tables whose rows are measured, by their names, and the most pages that are looked at for each.
pub(crate) const MEASURED: [&str; 3] = ["commensal_meta", "commensal_module", "commensal_object"];
const PAGES_MAX: usize = 20_000;

/// The bytes of the longest row of each of [`MEASURED`], or why that is not known. The engine reads a whole row
/// whatever a statement takes from it.
pub(crate) type Longest = [Result<u64, String>; MEASURED.len()];

/// Passes on the rows of a file's schema. There are none if the file is missing or empty. Returns what the rows of the
/// catalog measure.
///
/// # Errors
/// A text: the file cannot be read, or is damaged; or the error of `row`.
pub(crate) fn read<E: From<String>>(
    io: &Arc<dyn IO>,
    path: &Path,
    mut row: impl FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<Longest, E> {
    let mut roots = [None; MEASURED.len()];
    let Some(mut pages) = Pages::open(io, path)? else { return Ok(roots.map(|_| Ok(0))) };
    pages.walk(1, usize::MAX, |pages, page, cell, seen| {
        let payload = pages.payload(page, cell, seen)?;
        let record = record(&payload)?;
        if record.kind == "table"
            && let Some(place) =
                MEASURED.iter().position(|name| record.name.eq_ignore_ascii_case(name))
        {
            roots[place] = record.root;
        }
        row(&record)
    })?;
    Ok(roots.map(|root| root.map_or(Ok(0), |root| pages.longest(root))))
}

#[cold]
fn damaged(what: &str) -> String {
    format!("its schema is damaged: {what}")
}

fn slice(bytes: &[u8], at: usize, len: usize) -> Result<&[u8], String> {
    let end = at.checked_add(len);
    let found = end.and_then(|end| bytes.get(at..end));
    found.ok_or_else(|| damaged("something goes beyond its end"))
}

fn u16_at(bytes: &[u8], at: usize) -> Result<usize, String> {
    Ok(usize::from(u16::from_be_bytes([slice(bytes, at, 2)?[0], bytes[at + 1]])))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, String> {
    let bytes = slice(bytes, at, 4)?;
    Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// A variable-length integer, and what follows it.
fn varint(bytes: &[u8], at: usize) -> Result<(u64, usize), String> {
    let mut value = 0;
    for (i, byte) in bytes.iter().skip(at).take(9).enumerate() {
        if i == 8 {
            return Ok((value << 8 | u64::from(*byte), at + 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok((value, at + i + 1));
        }
    }
    Err(damaged("something goes beyond its end"))
}

/// The pages of a file, as its last commit left them.
struct Pages {
    file: File,
    /// The last frame of each page that is in the log.
    log: HashMap<u64, u64>,
    log_file: Option<File>,
    page_bytes: usize,
    /// How many bytes of a page are used.
    usable: usize,
}

impl Pages {
    /// `None` if there is nothing to read.
    fn open(io: &Arc<dyn IO>, path: &Path) -> Result<Option<Self>, String> {
        let text = |e: std::io::Error| e.to_string();
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == Io::NotFound => return Ok(None),
            Err(e) => return Err(text(e)),
        };
        let log_path = beside(path, "-wal");
        let log_file = match File::open(&log_path) {
            Ok(file) => Some(file),
            Err(e) if e.kind() == Io::NotFound => None,
            Err(e) => return Err(text(e)),
        };
        let (mut log, mut log_page_bytes) = (HashMap::new(), 0);
        if log_file.is_some() {
            let path = log_path.to_str().ok_or("the path is not UTF-8")?;
            let shared = WalFileShared::open_shared_if_exists(io, path, OpenFlags::ReadOnly);
            let shared = shared.map_err(|e| e.to_string())?;
            let shared = shared.read();
            let frames = shared.runtime.frame_cache.lock();
            let last = |(page, frames): (&u64, &Vec<u64>)| Some((*page, *frames.last()?));
            log = frames.iter().filter_map(last).collect();
            log_page_bytes = shared.page_size() as usize;
        }
        if file.metadata().map_err(text)?.len() == 0 && log.is_empty() {
            return Ok(None);
        }
        let mut header = [0; HEADER];
        file.read_exact(&mut header).map_err(|_| "it is not a database")?;
        if !header.starts_with(MAGIC) {
            return Err("it is not a database".to_owned());
        }
        let page_bytes = match u16_at(&header, 16)? {
            1 => 65536,
            bytes => bytes,
        };
        if !page_bytes.is_power_of_two() || page_bytes < 512 {
            return Err(damaged("its page size is not valid"));
        }
        if !log.is_empty() && log_page_bytes != page_bytes {
            return Err(damaged("its log has pages of another size"));
        }
        // The size in the header counts only if both change counters agree. The engine would cut the file to it.
        let bytes = u64::from(u32_at(&header, 28)?) * page_bytes as u64;
        let is_stale =
            header[24..28] != header[92..96] && bytes != file.metadata().map_err(text)?.len();
        if log.is_empty() && is_stale {
            return Err("its header says another size, as with SQLite before 3.7; open the file with SQLite once and \
                        write to it, which completes that"
                .to_owned());
        }
        let mut pages = Self { file, log, log_file, page_bytes, usable: page_bytes };
        let newest = pages.read(1)?;
        for header in [&header[..], &newest] {
            // The engine's own journals, which only it knows, hold schemas as well.
            if header[18..20].iter().any(|version| *version > 2) {
                return Err("its format is not one of SQLite's".to_owned());
            }
        }
        if header[16..18] != newest[16..18] || header[20] != newest[20] {
            return Err(damaged("its log has another header"));
        }
        // The engine looks at the file for these, not at its log.
        let is_utf8 = |header: &[u8]| matches!(header[56..60], [0, 0, 0, 0 | 1]);
        let has_pointer_map = |header: &[u8]| header[52..56] != [0; 4];
        if is_utf8(&header) && !is_utf8(&newest)
            || has_pointer_map(&header) != has_pointer_map(&newest)
        {
            return Err("its log changes the encoding or auto_vacuum; open the file with SQLite once, which completes \
                        that"
                .to_owned());
        }
        pages.usable = page_bytes - usize::from(header[20]);
        if pages.usable < 480 {
            return Err(damaged("its pages are too small"));
        }
        Ok(Some(pages))
    }

    fn read(&mut self, number: u32) -> Result<Vec<u8>, String> {
        let Some(before) = number.checked_sub(1) else { return Err(damaged("there is no page 0")) };
        let bytes = self.page_bytes as u64;
        let (file, offset) = match (self.log.get(&u64::from(number)), &mut self.log_file) {
            (Some(frame), Some(log)) => {
                (log, LOG_HEADER + (frame - 1) * (FRAME_HEADER + bytes) + FRAME_HEADER)
            }
            _ => (&mut self.file, u64::from(before) * bytes),
        };
        let mut page = vec![0; self.page_bytes];
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut page));
        read.map_err(|e| damaged(&format!("page {number} cannot be read: {e}")))?;
        Ok(page)
    }

    /// The bytes of the longest row of the table with this first page.
    fn longest(&mut self, root: u32) -> Result<u64, String> {
        let mut longest = 0;
        self.walk(root, PAGES_MAX, |_, page, cell, _| {
            longest = longest.max(varint(page, cell)?.0);
            Ok::<_, String>(())
        })?;
        Ok(longest)
    }

    /// Passes on the cells of a table's leaves, in the order in which the engine reads them, with the pages seen so far.
    fn walk<E: From<String>>(
        &mut self,
        root: u32,
        pages_max: usize,
        mut each: impl FnMut(&mut Self, &[u8], usize, &mut HashSet<u32>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut waiting, mut seen) = (vec![root], HashSet::new());
        while let Some(number) = waiting.pop() {
            if !seen.insert(number) {
                return Err(damaged("a page is in it twice").into());
            }
            if seen.len() > pages_max {
                return Err(format!("it has more than {pages_max} pages").into());
            }
            let page = self.read(number)?;
            let cells = Cells::of(&page, if number == 1 { HEADER } else { 0 })?;
            let children = waiting.len();
            for cell in cells.offsets(&page) {
                match cells.is_interior {
                    true => waiting.push(u32_at(&page, cell?)?),
                    false => each(self, &page, cell?, &mut seen)?,
                }
            }
            waiting.extend(cells.rightmost);
            // The first child comes next.
            waiting[children..].reverse();
        }
        Ok(())
    }

    /// The record of a cell, with the part on overflow pages.
    fn payload(
        &mut self,
        page: &[u8],
        cell: usize,
        seen: &mut HashSet<u32>,
    ) -> Result<Vec<u8>, String> {
        let (bytes, at) = varint(page, cell)?;
        let (_, at) = varint(page, at)?;
        let usable = self.usable as u64;
        let largest = usable - 35;
        let local = if bytes <= largest {
            bytes
        } else {
            let smallest = (usable - 12) * 32 / 255 - 23;
            let local = smallest + (bytes - smallest) % (usable - 4);
            if local <= largest { local } else { smallest }
        };
        // At most a page.
        let local = local as usize;
        let mut payload = slice(page, at, local)?.to_vec();
        let mut next = if bytes > largest { u32_at(page, at + local)? } else { 0 };
        let mut left = bytes - payload.len() as u64;
        while left > 0 {
            if !seen.insert(next) {
                return Err(damaged("a page is in it twice"));
            }
            let page = self.read(next)?;
            let here = left.min(usable - 4);
            payload.extend_from_slice(slice(&page, 4, here as usize)?);
            left -= here;
            next = u32_at(&page, 0)?;
        }
        Ok(payload)
    }
}

/// The cells of a page.
struct Cells {
    is_interior: bool,
    rightmost: Option<u32>,
    pointers: usize,
    count: usize,
}

impl Cells {
    fn of(page: &[u8], header: usize) -> Result<Self, String> {
        let is_interior = match page[header] {
            INTERIOR => true,
            LEAF => false,
            _ => return Err(damaged("a page is of another kind")),
        };
        let rightmost = if is_interior { Some(u32_at(page, header + 8)?) } else { None };
        let pointers = header + if is_interior { 12 } else { 8 };
        Ok(Self { is_interior, rightmost, pointers, count: u16_at(page, header + 3)? })
    }

    fn offsets<'p>(&self, page: &'p [u8]) -> impl Iterator<Item = Result<usize, String>> + 'p {
        let pointers = self.pointers;
        (0..self.count).map(move |number| u16_at(page, pointers + 2 * number))
    }
}

/// Reads a record of the schema.
fn record(payload: &[u8]) -> Result<Row<'_>, String> {
    let (header, mut at) = varint(payload, 0)?;
    let mut value = usize::try_from(header).map_err(|_| damaged("a row has no end"))?;
    let (mut texts, mut root) = ([None; 5], None);
    for (column, text) in texts.iter_mut().enumerate() {
        if at as u64 >= header {
            return Err(damaged("a row lacks columns"));
        }
        let (class, next) = varint(payload, at)?;
        at = next;
        let len = match class {
            0 | 8 | 9 => 0,
            1..=4 => class as usize,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return Err(damaged("a value is of no class")),
            _ => usize::try_from((class - 12) / 2).map_err(|_| damaged("a value has no end"))?,
        };
        let bytes = slice(payload, value, len)?;
        value += len;
        if column == 3 && (1..=6).contains(&class) {
            let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
            root = u32::try_from(number).ok();
        } else if column == 3 && class == 9 {
            root = Some(1);
        }
        if class >= 13 && class % 2 == 1 {
            let read = std::str::from_utf8(bytes);
            *text = Some(read.map_err(|_| damaged("a text is not UTF-8"))?);
        }
    }
    let [Some(kind), Some(name), Some(_), _, sql] = texts else {
        return Err(damaged("a row has no name"));
    };
    if sql.is_none() && kind != "index" {
        return Err(damaged(&format!("the {kind} {name} has no text")));
    }
    Ok(Row { kind, name, sql, root })
}
