//! Any number of arguments where their number is fixed, and functions of a table without a body.

use std::convert::Infallible;

use commensal_sdk::{ParametricType, Rest, TableFunction, Value, ValueRef, VirtualTable};

struct Numbers;

#[commensal_sdk::table_function(name = "numbers", columns("n"), arguments("a"))]
impl TableFunction for Numbers {
    type Arguments<'a> = (i64, Rest<i64>);
    type Row<'a> = (i64,);
    type Error = Infallible;

    fn open(_: (i64, Rest<i64>)) -> Result<Self, Infallible> {
        Ok(Self)
    }

    fn next(&mut self) -> Result<Option<(i64,)>, Infallible> {
        Ok(None)
    }
}

struct Tags;

#[commensal_sdk::custom_type]
impl ParametricType for Tags {
    type Stored = String;
    type Params<'a> = Rest<i64>;

    fn encode(_: ValueRef<'_>, _: Rest<i64>) -> Result<String, String> {
        Ok(String::new())
    }

    fn decode(_: String, _: Rest<i64>) -> Result<Value, String> {
        Ok(Value::Null)
    }
}

struct Table;

#[commensal_sdk::virtual_table(name = "t", columns("a"))]
impl VirtualTable for Table {
    fn find_function(&self, _: &str, _: usize) -> Option<commensal_sdk::Overload> {
        None
    }
}

fn main() {}
