//! `commensal cache`: shows and empties the user's cache of compiled code.

use std::io::{self, Write};

use commensal::CodeCache;

use crate::cli::CacheArguments;
use crate::failure::Result;

pub(crate) fn run(arguments: &CacheArguments) -> Result {
    let cache = CodeCache::of_user()?;
    let out = &mut io::stdout().lock();
    if arguments.clear {
        let removed = cache.clear()?;
        writeln!(out, "removed    {} modules, {} bytes", removed.entries, removed.bytes)?;
        return Ok(());
    }
    let usage = cache.usage()?;
    writeln!(out, "directory  {}", cache.directory().display())?;
    writeln!(out, "modules    {}", usage.entries)?;
    writeln!(out, "bytes      {} of at most {}", usage.bytes, cache.limit())?;
    if usage.others > 0 {
        writeln!(out, "others     {}, which are not the cache's", usage.others)?;
    }
    Ok(())
}
