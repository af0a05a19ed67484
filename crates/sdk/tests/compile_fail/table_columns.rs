//! Names and elements that are not as many.

use std::convert::Infallible;

use commensal_sdk::TableFunction;

struct Numbers;

#[commensal_sdk::table_function(name = "numbers", columns("a", "b"))]
impl TableFunction for Numbers {
    type Arguments<'a> = ();
    type Row<'a> = (i64,);
    type Error = Infallible;

    fn open((): ()) -> Result<Self, Infallible> {
        Ok(Self)
    }

    fn next(&mut self) -> Result<Option<(i64,)>, Infallible> {
        Ok(None)
    }
}

fn main() {}
