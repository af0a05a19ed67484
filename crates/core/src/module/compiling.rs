//! Estimates the cost of compiling, with the weights of [`super::weights`].

use wasmparser::{FuncValidator, Operator, ValidatorResources};

use super::labels::Labels;
use super::weights::{self, Weight};

/// Adds up the cost of compiling a function.
#[derive(Default)]
pub(super) struct Compiling {
    locals: usize,
    instructions: u64,
    loops: u64,
    labels: Labels,
    /// Values alive where locals are set. Each costs a unit if nothing is optimised.
    alive_at_sets: u64,
    /// Globals of the module, and how many there are at all accesses to one together.
    globals: u64,
    at_accesses: u64,
    cost: Cost,
}

impl Compiling {
    /// A function with this many locals, parameters included, in a module with this many globals. The cost of
    /// labels is counted up to `most`.
    pub(super) fn new(locals: usize, globals: usize, most: u64) -> Self {
        Self {
            locals,
            labels: Labels::new(locals, most),
            globals: globals as u64,
            ..Self::default()
        }
    }

    /// The cost of optimising, in the unit of `optimized_work_max`, once the function has ended.
    pub(super) fn optimizing(&self) -> u64 {
        let units = self.cost.time();
        // Each short-lived value is tried with each long-lived one beside it.
        let pairs = units.saturating_mul(units) / weights::SQUARE;
        let globals = self.at_accesses / weights::GLOBALS;
        let parts = [pairs, self.labels.cost(), globals];
        parts.into_iter().fold(units, u64::saturating_add)
    }

    /// The cost without optimising, in the unit of `plain_work_max`, once the function has ended.
    pub(super) fn plain(&self) -> u64 {
        let units = self.cost.time().saturating_add(self.alive_at_sets);
        let long = self.instructions.saturating_sub(weights::PLAIN_LONG);
        let longer = units.saturating_mul(long) / weights::PLAIN_LONGER;
        units.saturating_add(longer).saturating_add(self.labels.cost())
    }

    /// The cost so far.
    pub(super) fn cost(&self) -> Cost {
        self.cost
    }

    /// Adds a cost that is the same in every place.
    pub(super) fn add_alone(&mut self, units: u64) {
        self.cost.alone = self.cost.alone.saturating_add(units);
    }

    /// Adds an instruction before it is validated. `block` is the result of
    /// [`of_block_type`](super::work::of_block_type) for it, `values` that of [`of`](super::work::of).
    pub(super) fn add(
        &mut self,
        block: usize,
        values: usize,
        validator: &FuncValidator<ValidatorResources>,
        operator: &Operator<'_>,
    ) {
        self.instructions += 1;
        self.labels.add(operator, block);
        let (depth, loops) = self.labels.depth();
        let Weight { alone, alive } = weights::of(operator, loops);
        self.add_alone(alone.saturating_add(weights::VALUE.saturating_mul(values as u64)));
        let values = (self.locals + validator.operand_stack_height() as usize) as u64;
        if matches!(operator, Operator::GlobalGet { .. } | Operator::GlobalSet { .. }) {
            self.at_accesses = self.at_accesses.saturating_add(self.globals);
        }
        if matches!(operator, Operator::LocalSet { .. } | Operator::LocalTee { .. }) {
            self.alive_at_sets = self.alive_at_sets.saturating_add(values);
        }
        // Results of nested blocks are alive in all of them.
        let nested = (block as u64).saturating_mul(depth);
        let nested = nested.saturating_mul(weights::NESTED);
        let alive = alive.saturating_mul(values).saturating_add(nested);
        self.cost.alive = self.cost.alive.saturating_add(alive);
        if matches!(operator, Operator::Loop { .. }) {
            self.loops += 1;
            self.cost.pairs =
                self.cost.pairs.saturating_add(self.loops.saturating_mul(weights::LOOP_PAIRS));
        }
        if let Operator::BrTable { targets } = operator {
            let targets = u64::from(targets.len());
            let pairs = targets.saturating_mul(targets) / weights::TARGET_PAIRS;
            self.cost.pairs = self.cost.pairs.saturating_add(pairs);
        }
    }
}

/// An estimated cost of compiling, in parts that take different amounts of memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// The instructions' own cost.
    alone: u64,
    /// Their cost because of values that are alive at them.
    alive: u64,
    /// The cost of branch tables' lengths, and of many loops: time, but no memory.
    pairs: u64,
}

impl Cost {
    /// Time, in the unit of `module_work_max`.
    pub(super) fn time(self) -> u64 {
        self.alone.saturating_add(self.alive).saturating_add(self.pairs)
    }

    /// Memory that the compiler holds until the function is done, in the unit of `function_work_max`.
    pub(super) fn memory(self) -> u64 {
        self.alone.saturating_mul(weights::MEMORY_ALONE).saturating_add(self.alive)
    }
}
