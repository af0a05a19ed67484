//! Limits and capabilities of guests. Limits have finite defaults, and capabilities are off by default.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Limits that a host sets for every guest. `WITH (…)` in a definition may only tighten them.
///
/// Exceeding one is an error that names the function, the limit, its value and how to raise it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Longest time of one call into a guest.
    pub call_timeout: Duration,
    /// Longest time that one statement may spend in calls. It is measured in ticks of the runtime during which
    /// the statement called a guest. An idle cursor costs nothing.
    pub statement_timeout: Duration,
    /// Fuel of one call, in the runtime's own unit; `None` switches metering off.
    pub fuel: Option<u64>,
    /// Linear memory of one instance, in bytes.
    pub memory_bytes_max: usize,
    /// Elements of all tables of one instance.
    pub table_elements_max: usize,
    /// Bytes of one result.
    pub result_bytes_max: usize,
    /// Bytes of a module, after translation from text.
    pub module_bytes_max: usize,
    /// Bytes of a module's text. Reading text takes many times as much memory.
    pub module_text_bytes_max: usize,
    /// Items of a module, counted for each kind: types, imports, exports, globals, tables, data and element
    /// segments.
    pub module_items_max: usize,
    /// Functions of a module.
    pub module_functions_max: usize,
    /// Bytes of the body of one function of a module.
    pub function_bytes_max: usize,
    /// Locals of one function of a module.
    pub function_locals_max: u32,
    /// Targets of all `br_table` instructions of one function of a module.
    pub function_branch_targets_max: u32,
    /// Parameters and results of a function type together. Each block and call of that type costs that much to
    /// validate and compile.
    pub function_type_values_max: usize,
    /// Memory that compiling one function may take. It is estimated from the function's instructions and the
    /// values alive at them; `docs/limits.md` has the measurements.
    pub function_work_max: u64,
    /// Time that compiling a module may take, estimated in the same way.
    pub module_work_max: u64,
    /// Time that optimising a module may take, in the same unit. A module that takes longer is compiled in a
    /// quicker way, and its guests run slower.
    pub optimized_work_max: u64,
    /// Time that compiling a module without optimising, but with well-chosen registers, may take, in the same
    /// unit. A module that takes longer is compiled in the quickest way. Its guests then run at a third of the
    /// speed, and their calls take more stack.
    pub plain_work_max: u64,
    /// Bytes of a manifest.
    pub manifest_bytes_max: usize,
    /// Objects that a manifest declares.
    pub manifest_objects_max: usize,
    /// JSON values in a manifest.
    pub manifest_values_max: usize,
    /// Depth of JSON in a manifest. Values above 127 count as 127.
    pub manifest_depth_max: usize,
    /// Depth of guests' statements that run within one another: a guest runs one, which calls a guest, which runs
    /// one. Each level takes the machine stack of a call besides the engine's own.
    pub sql_depth_max: usize,
    /// Definitions that are read from a file, together with what they declare: functions, tables with their
    /// columns, collations, types.
    pub catalog_objects_max: usize,
    /// Bytes of definitions and manifests that are read from a file.
    pub catalog_bytes_max: usize,
    /// JSON values in all manifests that are read from a file.
    pub catalog_values_max: usize,
    /// Bytes of a value or a row in SQL that a guest runs.
    pub sql_value_bytes_max: usize,
    /// The same limit for a statement that calls a function whose time grows with the product of its arguments'
    /// lengths, because nothing stops such a call. It is 16 times as high if one argument is a short pattern.
    pub sql_search_bytes_max: usize,
    /// Bytes of a name. SQLite accepts function names of at most 255 bytes.
    pub name_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(300),
            fuel: None,
            memory_bytes_max: 64 << 20,
            table_elements_max: 100_000,
            result_bytes_max: 256 << 20,
            module_bytes_max: 32 << 20,
            module_text_bytes_max: 8 << 20,
            module_items_max: 100_000,
            module_functions_max: 40_000,
            function_bytes_max: 512 << 10,
            function_locals_max: 10_000,
            function_branch_targets_max: 20_000,
            function_type_values_max: 128,
            function_work_max: 16_000_000,
            module_work_max: 60_000_000,
            optimized_work_max: 24_000_000,
            plain_work_max: 44_000_000,
            manifest_bytes_max: 1 << 20,
            manifest_objects_max: 5000,
            manifest_values_max: 200_000,
            manifest_depth_max: 16,
            sql_depth_max: 4,
            catalog_objects_max: 8000,
            catalog_bytes_max: 4 << 20,
            catalog_values_max: 400_000,
            sql_value_bytes_max: 16 << 20,
            sql_search_bytes_max: 32 << 10,
            name_bytes_max: 255,
        }
    }
}

/// Something outside its sandbox that a guest can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Capability {
    /// Write to the host's log.
    Log = 1,
    /// See the clock.
    Clock = 2,
    /// Draw random numbers.
    Random = 4,
    /// Read the database that calls the guest.
    SqlRead = 8,
    /// Write the database that calls the guest.
    SqlWrite = 16,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Log, Self::Clock, Self::Random, Self::SqlRead, Self::SqlWrite];

    /// The name in `WITH (allow = '…')` and `--allow`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Clock => "clock",
            Self::Random => "random",
            Self::SqlRead => "sql_read",
            Self::SqlWrite => "sql_write",
        }
    }
}

/// A set of capabilities; empty by default.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u8);

impl Capabilities {
    /// No capability.
    pub const NONE: Self = Self(0);

    /// Every capability.
    pub const ALL: Self = Self::NONE
        .with(Capability::Log)
        .with(Capability::Clock)
        .with(Capability::Random)
        .with(Capability::SqlRead)
        .with(Capability::SqlWrite);

    /// The set as bits, as [`Capabilities::from_bits`] takes them.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set with these bits. Bits of no capability are ignored.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// Every capability.
    pub const fn all() -> Self {
        Self::ALL
    }

    /// Whether `capability` is in the set.
    pub const fn contains(self, capability: Capability) -> bool {
        self.0 & capability as u8 != 0
    }

    /// The set with `capability`.
    #[must_use]
    pub const fn with(self, capability: Capability) -> Self {
        Self(self.0 | capability as u8)
    }

    /// The capabilities that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The capabilities of this set that `other` lacks.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The capabilities of the set.
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.into_iter().filter(move |&c| self.contains(c))
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(iter: I) -> Self {
        iter.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Comma-separated names, as in `WITH (allow = '…')`.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, capability) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            f.write_str(capability.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Capabilities({self})")
    }
}

/// A name that is not a capability's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCapability(pub String);

impl fmt::Display for UnknownCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown capability \"{}\"; known are {}",
            self.0,
            Capability::ALL.map(Capability::name).join(", ")
        )
    }
}

impl std::error::Error for UnknownCapability {}

/// Reads comma-separated names. White space around them and empty text are allowed.
impl FromStr for Capabilities {
    type Err = UnknownCapability;

    fn from_str(names: &str) -> Result<Self, Self::Err> {
        names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| {
                Capability::ALL
                    .into_iter()
                    .find(|c| c.name().eq_ignore_ascii_case(name))
                    .ok_or_else(|| UnknownCapability(name.to_owned()))
            })
            .collect()
    }
}
