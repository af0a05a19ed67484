//! Keeps a guest's statements with their connection.
//!
//! A thread-bound instance stays on its thread when the connection is used or closed on another. A statement must
//! not stay, because it is part of its connection and ends with it. So such an instance has its guest's
//! statements only during a call, while the connection is on that thread too.

use crate::fault::Fault;
use crate::host::HostState;
use crate::host::sql::BoxedStatement;
use crate::runtime::{
    FunctionId, Instance, Memory, OutOfBounds, ResolveError, Shape, StatementBudget,
};

/// An instance that borrows its guest's statements for each call.
pub(super) struct Lent {
    instance: Box<dyn Instance>,
    statements: Vec<Option<BoxedStatement>>,
}

impl Lent {
    pub(super) fn new(instance: Box<dyn Instance>) -> Self {
        Self { instance, statements: Vec::new() }
    }

    /// Gives the statements to the instance, or takes them back. Does nothing on a thread that cannot use the
    /// instance, because then the statements are here.
    fn exchange(&mut self) {
        let Self { instance, statements } = self;
        instance.with_host(&mut |host| host.sql.exchange(statements));
    }
}

impl Memory for Lent {
    fn memory(&mut self) -> Option<&mut [u8]> {
        self.instance.memory()
    }

    fn memory_bytes(&self) -> usize {
        self.instance.memory_bytes()
    }

    fn read(&mut self, offset: u32, into: &mut [u8]) -> Result<(), OutOfBounds> {
        self.instance.read(offset, into)
    }

    fn write(&mut self, offset: u32, from: &[u8]) -> Result<(), OutOfBounds> {
        self.instance.write(offset, from)
    }
}

impl Instance for Lent {
    fn resolve(&mut self, export: &str, shape: Shape<'_>) -> Result<FunctionId, ResolveError> {
        self.instance.resolve(export, shape)
    }

    fn is_here(&self) -> bool {
        self.instance.is_here()
    }

    fn is_fit(&self) -> bool {
        self.instance.is_fit()
    }

    fn renew(&mut self) -> Result<(), Fault> {
        self.statements.clear();
        self.instance.renew()
    }

    fn global(&mut self, export: &str) -> Option<u32> {
        self.instance.global(export)
    }

    fn begin_statement(&mut self) {
        self.instance.begin_statement();
    }

    fn call(
        &mut self,
        function: FunctionId,
        params: &[u64],
        budget: &mut StatementBudget,
    ) -> Result<u64, Box<Fault>> {
        self.exchange();
        let result = self.instance.call(function, params, budget);
        self.exchange();
        result
    }

    fn call_records(
        &mut self,
        function: FunctionId,
        argc: u32,
        argv: u32,
        budget: &mut StatementBudget,
    ) -> Result<u32, Box<Fault>> {
        self.exchange();
        let result = self.instance.call_records(function, argc, argv, budget);
        self.exchange();
        result
    }

    fn with_host(&mut self, body: &mut dyn FnMut(&mut HostState)) {
        let Self { instance, statements } = self;
        instance.with_host(&mut |host| {
            host.sql.exchange(statements);
            body(host);
            host.sql.exchange(statements);
        });
    }

    fn refused(&self) -> Option<Fault> {
        self.instance.refused()
    }

    fn fuel_used(&self) -> Option<u64> {
        self.instance.fuel_used()
    }
}
