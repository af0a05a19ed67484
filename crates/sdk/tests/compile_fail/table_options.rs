//! Options that tables do not have, or lack.

use commensal_sdk::{TableFunction, VirtualTable};

struct Numbers;

#[commensal_sdk::table_function(name = "numbers", columns("a"), eponymous)]
impl TableFunction for Numbers {}

#[commensal_sdk::table_function(columns("a"))]
impl TableFunction for Numbers {}

#[commensal_sdk::table_function(name = "numbers")]
impl TableFunction for Numbers {}

#[commensal_sdk::virtual_table(name = "numbers")]
impl VirtualTable for Numbers {}

#[commensal_sdk::virtual_table(name = "numbers", columns("a number"))]
impl VirtualTable for Numbers {}

#[commensal_sdk::virtual_table(name = "numbers", columns("a"))]
impl TableFunction for Numbers {}

fn main() {}
