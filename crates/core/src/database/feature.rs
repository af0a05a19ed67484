//! The features in which engines differ.

use std::fmt;

/// A feature that SQL may use and that some engines lack. COMPAT.md describes each. The conformance cases name
/// them and show the error of an engine that lacks one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// ATTACH.
    Attach,
    /// Calls with the function's name in brackets: `[f](1)`.
    BracketCalls,
    /// Collations of definitions in columns and indexes.
    ColumnCollations,
    /// DISTINCT by a collation of a definition.
    DistinctCollations,
    /// Functions of definitions in generated columns.
    FunctionColumns,
    /// Functions of definitions in indexes on expressions and in partial ones.
    FunctionIndexes,
    /// Functions of definitions in `pragma_function_list`.
    FunctionList,
    /// Calls of definitions in statements that guests run.
    GuestCalls,
    /// Statements that write, run by guests.
    GuestWrites,
    /// Arguments of a table function from IN, OR, row values and outer queries.
    InArguments,
    /// Pointers that one function of a guest passes to another.
    Pointers,
    /// Several processes on one file at the same time.
    Processes,
    /// Text that is not UTF-8 is kept unchanged.
    RawText,
    /// Commensal's own functions, such as `wasm_exec`, and the table `wasm_statement`.
    SqlFunctions,
    /// Aggregates and table functions of definitions in triggers.
    TriggerDefinitions,
    /// VACUUM.
    Vacuum,
    /// Virtual tables of definitions.
    VirtualTables,
    /// Aggregates of definitions as window functions.
    Windows,
}

impl Feature {
    /// All features.
    pub const ALL: &[Self] = &[
        Self::Attach,
        Self::BracketCalls,
        Self::ColumnCollations,
        Self::DistinctCollations,
        Self::FunctionColumns,
        Self::FunctionIndexes,
        Self::FunctionList,
        Self::GuestCalls,
        Self::GuestWrites,
        Self::InArguments,
        Self::Pointers,
        Self::Processes,
        Self::RawText,
        Self::SqlFunctions,
        Self::TriggerDefinitions,
        Self::Vacuum,
        Self::VirtualTables,
        Self::Windows,
    ];

    /// The name: `function_indexes`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attach => "attach",
            Self::BracketCalls => "bracket_calls",
            Self::ColumnCollations => "column_collations",
            Self::DistinctCollations => "distinct_collations",
            Self::FunctionColumns => "function_columns",
            Self::FunctionIndexes => "function_indexes",
            Self::FunctionList => "function_list",
            Self::GuestCalls => "guest_calls",
            Self::GuestWrites => "guest_writes",
            Self::InArguments => "in_arguments",
            Self::Pointers => "pointers",
            Self::Processes => "processes",
            Self::RawText => "raw_text",
            Self::SqlFunctions => "sql_functions",
            Self::TriggerDefinitions => "trigger_definitions",
            Self::Vacuum => "vacuum",
            Self::VirtualTables => "virtual_tables",
            Self::Windows => "windows",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
