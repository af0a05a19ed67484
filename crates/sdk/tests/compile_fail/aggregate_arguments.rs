use commensal_sdk::Aggregate;

#[derive(Default)]
struct Longest;

#[commensal_sdk::aggregate]
impl Aggregate for Longest {
    type Arguments<'a> = &'a [i64];
    type Output = i64;

    fn step(&mut self, _: &[i64]) -> Result<(), String> {
        Ok(())
    }

    fn finalize(self) -> i64 {
        0
    }
}

fn main() {}
