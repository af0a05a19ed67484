use commensal_sdk::Aggregate;

#[derive(Default)]
struct Last<T>(Option<T>);

#[commensal_sdk::aggregate]
impl<T: Default> Aggregate for Last<T> {
    type Arguments<'a> = i64;
    type Output = i64;

    fn step(&mut self, _: i64) -> Result<(), String> {
        Ok(())
    }

    fn finalize(self) -> i64 {
        0
    }
}

fn main() {}
