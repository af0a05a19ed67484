//! Abilities of a runtime beyond running code, which the host can query.

/// The abilities of a runtime beyond running code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuntimeFeatures {
    /// A running call can be stopped, so time limits and the host's interrupt take effect during a call.
    pub interruption: bool,
    /// Fuel can be metered.
    pub fuel: bool,
    /// Memory and tables can be bounded before they grow, below the maximum that the module declares.
    pub memory_limit: bool,
}

impl RuntimeFeatures {
    /// A runtime with all abilities.
    pub const ALL: Self = Self { interruption: true, fuel: true, memory_limit: true };
    /// A runtime with none of them.
    pub const NONE: Self = Self { interruption: false, fuel: false, memory_limit: false };
}

/// An ability of a runtime beyond running code. Without it, some limit has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuntimeFeature {
    /// See [`RuntimeFeatures::interruption`].
    Interruption,
    /// See [`RuntimeFeatures::fuel`].
    Fuel,
    /// See [`RuntimeFeatures::memory_limit`].
    MemoryLimit,
}

impl RuntimeFeature {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Interruption, Self::Fuel, Self::MemoryLimit];

    /// The name by which a host accepts that it is missing.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interruption => "interruption",
            Self::Fuel => "fuel",
            Self::MemoryLimit => "memory_limit",
        }
    }

    /// The limits that have no effect without it.
    pub const fn limits(self) -> &'static str {
        match self {
            Self::Interruption => "call_timeout, statement_timeout and the host's interrupt",
            Self::Fuel => "fuel",
            Self::MemoryLimit => "memory_bytes_max, table_elements_max and live_bytes_max",
        }
    }
}

impl RuntimeFeatures {
    /// Whether this ability is among them.
    pub const fn has(self, feature: RuntimeFeature) -> bool {
        match feature {
            RuntimeFeature::Interruption => self.interruption,
            RuntimeFeature::Fuel => self.fuel,
            RuntimeFeature::MemoryLimit => self.memory_limit,
        }
    }

    /// The same abilities without this one.
    #[must_use]
    pub const fn without(mut self, feature: RuntimeFeature) -> Self {
        match feature {
            RuntimeFeature::Interruption => self.interruption = false,
            RuntimeFeature::Fuel => self.fuel = false,
            RuntimeFeature::MemoryLimit => self.memory_limit = false,
        }
        self
    }
}
