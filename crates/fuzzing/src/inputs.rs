//! Inputs: seeds and their mutations.

use std::fs;
use std::path::{Path, PathBuf};

use crate::target::Target;

/// Mutations do not make an input longer than this.
const BYTES_MAX: usize = 4096;

/// Modules larger than this are not seeds.
const MODULE_BYTES_MAX: usize = 1 << 20;

/// Bytes that often matter to decoders.
const BYTES: [u8; 12] = [0, 1, 2, 3, 4, 5, 8, 16, 0x7f, 0x80, 0xfe, 0xff];

/// The inputs of a target. The same seed number gives the same inputs.
pub struct Inputs {
    seeds: Vec<Vec<u8>>,
    dictionary: &'static [&'static str],
    random: u64,
    current: Vec<u8>,
}

impl Inputs {
    /// Reads the target's seeds.
    ///
    /// # Panics
    /// A seed cannot be read.
    pub fn new(target: &Target, seed: u64) -> Self {
        let mut seeds = (target.seeds)();
        seeds.extend(files(&root().join("fuzz/seeds").join(target.seeds_of)));
        seeds.push(Vec::new());
        // An xorshift generator stays at 0 if it starts with 0.
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { seeds, dictionary: target.dictionary, random, current: Vec::new() }
    }

    /// The seeds.
    pub fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    /// The next input.
    pub fn next_input(&mut self) -> &[u8] {
        let mut input = std::mem::take(&mut self.current);
        input.clear();
        match self.below(4) {
            0 => {
                let len = self.below(200);
                input.extend((0..len).map(|_| self.next() as u8));
            }
            _ => {
                let seed = self.below(self.seeds.len());
                input.extend_from_slice(&self.seeds[seed]);
                for _ in 0..=self.below(6) {
                    self.mutate(&mut input);
                }
            }
        }
        self.current = input;
        &self.current
    }

    fn mutate(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let byte = match self.below(2) {
            0 => BYTES[self.below(BYTES.len())],
            _ => self.next() as u8,
        };
        if !self.dictionary.is_empty() && self.below(2) == 0 {
            let word = self.dictionary[self.below(self.dictionary.len())];
            // Half of the words replace bytes of about the same length.
            let end = at + self.below(2) * word.len().min(input.len() - at);
            input.splice(at..end, word.bytes());
            return;
        }
        match self.below(6) {
            0 if at < input.len() => input[at] = byte,
            1 if at < input.len() => input[at] ^= 1 << self.below(8),
            2 if at < input.len() => {
                let end = at + self.below(input.len() - at + 1).min(64);
                input.drain(at..end);
            }
            3 if input.len() < BYTES_MAX && at < input.len() => {
                let end = at + self.below(input.len() - at + 1).min(64);
                let part = input[at..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, part);
            }
            4 if input.len() < BYTES_MAX => {
                let len = self.below(32);
                let random: Vec<u8> = (0..len).map(|_| self.next() as u8).collect();
                input.splice(at..at, random);
            }
            _ => input.insert(at, byte),
        }
    }

    fn next(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The contents of the files in a folder, sorted by name; none if there is no folder.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder of seeds can be read").path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a seed can be read")).collect()
}

/// The guests of the repository as binary modules.
pub(crate) fn modules() -> Vec<Vec<u8>> {
    let texts = ["guests/wat", "guests/evil"].map(|folder| files(&root().join(folder))).concat();
    let modules = texts.iter().filter_map(|text| wat::parse_bytes(text).ok());
    modules.map(|module| module.into_owned()).filter(|m| m.len() <= MODULE_BYTES_MAX).collect()
}

/// The manifests of those guests, as texts.
pub(crate) fn manifests() -> Vec<Vec<u8>> {
    let limits = commensal::Limits::default();
    let inspections = modules().into_iter().filter_map(|wasm| {
        let inspection = commensal::core::ModuleInfo::inspect(&wasm, &limits).ok()?;
        Some(inspection.info.manifest?.to_json().into_bytes())
    });
    inspections.collect()
}
