//! Modules that were passed to `run_wasm`, kept compiled.

use std::rc::Rc;

use commensal_core::given::GivenModule;

/// How many modules a connection keeps compiled.
const COUNT_MAX: usize = 16;

/// How many bytes they have together. One is kept whatever its size.
const BYTES_MAX: usize = 16 << 20;

/// The modules used last, latest first, by the hash of their source.
#[derive(Default)]
pub(crate) struct GivenModules(Vec<([u8; 32], Rc<GivenModule>)>);

impl GivenModules {
    pub(crate) fn find(&mut self, source: &[u8; 32]) -> Option<Rc<GivenModule>> {
        let position = self.0.iter().position(|(known, _)| known == source)?;
        self.0[..=position].rotate_right(1);
        Some(Rc::clone(&self.0[0].1))
    }

    /// Keeps a module. Returns those that make room for it, to be dropped when nothing is borrowed.
    pub(crate) fn insert(
        &mut self,
        source: [u8; 32],
        module: Rc<GivenModule>,
    ) -> Vec<([u8; 32], Rc<GivenModule>)> {
        self.0.insert(0, (source, module));
        let mut bytes = 0;
        let fitting = self.0.iter().take(COUNT_MAX).take_while(|(_, module)| {
            bytes += module.bytes();
            bytes <= BYTES_MAX
        });
        let count = fitting.count().max(1);
        self.0.split_off(count)
    }
}
