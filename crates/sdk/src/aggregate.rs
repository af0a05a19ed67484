//! Aggregates and window functions: the trait that an author implements, and the exports that the host calls.
//!
//! Knows nothing of records and memory.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::export::Arguments;
use crate::output::{IntoOutput, Output};
use crate::parameter::{FromArgument, Type};

/// An aggregate: a state for each group of rows. [`aggregate`](macro@crate::aggregate) on the
/// implementation makes it callable from SQL.
///
/// [`Default::default`] makes the state of a group. [`step`](Self::step) adds each row, and
/// [`finalize`](Self::finalize) returns the result, even for a group without rows. Rows with NULL for a
/// parameter that does not take NULL are skipped.
///
/// ```
/// use commensal_sdk::Aggregate;
///
/// /// The longest of the texts.
/// #[derive(Default)]
/// struct Longest(Option<String>);
///
/// #[commensal_sdk::aggregate]
/// impl Aggregate for Longest {
///     type Arguments<'a> = &'a str;
///     type Output = Option<String>;
///
///     fn step(&mut self, text: &str) -> Result<(), String> {
///         if self.0.as_ref().is_none_or(|longest| longest.len() < text.len()) {
///             self.0 = Some(text.to_owned());
///         }
///         Ok(())
///     }
///
///     fn finalize(self) -> Option<String> {
///         self.0
///     }
/// }
///
/// // It stays an ordinary type: test it natively.
/// let mut longest = Longest::default();
/// longest.step("a").unwrap();
/// longest.step("abc").unwrap();
/// assert_eq!(longest.finalize(), Some("abc".into()));
/// ```
///
/// ```sql
/// SELECT longest(name) FROM airports GROUP BY country;
/// ```
///
/// # Window functions
///
/// With [`value`](Self::value) the aggregate works in windows whose frames only grow, such as `OVER
/// (ORDER BY t)`. With [`inverse`](Self::inverse) as well, it works in all windows.
///
/// ```
/// use commensal_sdk::Aggregate;
///
/// /// The sum of products, as of prices and quantities.
/// #[derive(Default)]
/// struct SumProduct(i64);
///
/// #[commensal_sdk::aggregate(name = "sum_product")]
/// impl Aggregate for SumProduct {
///     type Arguments<'a> = (i64, i64);
///     type Output = i64;
///
///     fn step(&mut self, (a, b): (i64, i64)) -> Result<(), String> {
///         let product = a.checked_mul(b).and_then(|product| self.0.checked_add(product));
///         self.0 = product.ok_or("sum_product(): integer overflow")?;
///         Ok(())
///     }
///
///     fn inverse(&mut self, (a, b): (i64, i64)) -> Result<(), String> {
///         self.0 -= a * b;
///         Ok(())
///     }
///
///     fn value(&self) -> i64 {
///         self.0
///     }
/// }
///
/// let mut sum = SumProduct::default();
/// sum.step((2, 3)).unwrap();
/// sum.step((10, 10)).unwrap();
/// sum.inverse((2, 3)).unwrap();
/// assert_eq!(sum.finalize(), 100);
/// ```
///
/// ```sql
/// SELECT sum_product(price, quantity) OVER (ORDER BY day ROWS 6 PRECEDING) FROM sales;
/// ```
pub trait Aggregate: Default {
    /// The arguments of a row: a parameter type, or a tuple of up to twelve such types.
    type Arguments<'a>: FromArguments<'a>;
    /// The result of a group.
    type Output: IntoOutput<'static>;

    /// Adds a row.
    ///
    /// # Errors
    /// The text is the SQL error. The statement may fail some rows later, because the host passes many
    /// rows in one call.
    fn step(&mut self, arguments: Self::Arguments<'_>) -> Result<(), String>;

    /// Removes a row that was added; the oldest goes first. Needs [`value`](Self::value).
    ///
    /// # Errors
    /// The text is the SQL error.
    fn inverse(&mut self, arguments: Self::Arguments<'_>) -> Result<(), String> {
        let _ = arguments;
        Err(String::from("this aggregate has no inverse"))
    }

    /// The result so far, for windows. More rows may follow. Called only if it is implemented.
    fn value(&self) -> Self::Output {
        panic!("this aggregate has no value")
    }

    /// The result. The default is that of [`value`](Self::value).
    fn finalize(self) -> Self::Output {
        self.value()
    }
}

/// The arguments of a row of an aggregate or of a table function, or the parameters of a type: one type
/// that a parameter can have, a tuple of up to twelve such types, or `()` for none. The last one of an
/// aggregate may be [`Rest`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the arguments of an aggregate or a table function",
    note = "that is a type of a parameter, such as i64 or &str, or a tuple of up to twelve of them"
)]
pub trait FromArguments<'a>: Sized {
    /// The number of arguments, without [`Rest`].
    const COUNT: usize;
    /// Whether the last one is [`Rest`], so that more may follow.
    #[doc(hidden)]
    const VARIADIC: bool = false;
    /// Parts of the manifest: the names of the types, quoted and separated by commas.
    #[doc(hidden)]
    const PARAMS: &'static [&'static str];
    /// The types of the arguments.
    #[doc(hidden)]
    const TYPES: &'static [Type];

    /// Reads the arguments of a row, which start at index `first`.
    #[doc(hidden)]
    fn from_arguments(arguments: Arguments<'a>, first: usize) -> Result<Self, String>;
}

/// The remaining arguments of a row of an aggregate: zero or more of one type. It is the last element of
/// [`Aggregate::Arguments`], or the only one.
///
/// ```
/// use commensal_sdk::{Aggregate, Rest};
///
/// /// The greatest of all numbers in all rows.
/// #[derive(Default)]
/// struct Greatest(Option<i64>);
///
/// #[commensal_sdk::aggregate]
/// impl Aggregate for Greatest {
///     type Arguments<'a> = (i64, Rest<i64>);
///     type Output = Option<i64>;
///
///     fn step(&mut self, (first, Rest(rest)): (i64, Rest<i64>)) -> Result<(), String> {
///         self.0 = rest.into_iter().chain([first]).chain(self.0).max();
///         Ok(())
///     }
///
///     fn finalize(self) -> Option<i64> {
///         self.0
///     }
/// }
/// ```
///
/// ```sql
/// SELECT greatest(a), greatest(a, b, c) FROM t;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rest<T>(pub Vec<T>);

#[diagnostic::do_not_recommend]
impl<'a, T: FromArgument<'a>> FromArguments<'a> for T {
    const COUNT: usize = 1;
    const PARAMS: &'static [&'static str] = &["\"", T::TYPE.name(), "\""];
    const TYPES: &'static [Type] = &[T::TYPE];

    #[inline]
    fn from_arguments(arguments: Arguments<'a>, first: usize) -> Result<Self, String> {
        arguments.get(first)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: FromArgument<'a>> FromArguments<'a> for Rest<T> {
    const COUNT: usize = 0;
    const VARIADIC: bool = true;
    const PARAMS: &'static [&'static str] = &["\"", T::TYPE.name(), "...\""];
    const TYPES: &'static [Type] = &[];

    #[inline]
    fn from_arguments(arguments: Arguments<'a>, first: usize) -> Result<Self, String> {
        arguments.rest(first).map(Self)
    }
}

macro_rules! tuples {
    ($(($($type:ident $index:tt)*))*) => {$(
        #[diagnostic::do_not_recommend]
        impl<'a, $($type: FromArgument<'a>),*> FromArguments<'a> for ($($type,)*) {
            const COUNT: usize = [$($index),*].len();
            const PARAMS: &'static [&'static str] =
                &[$(if $index == 0 { "\"" } else { ",\"" }, $type::TYPE.name(), "\""),*];
            const TYPES: &'static [Type] = &[$($type::TYPE),*];

            #[inline]
            fn from_arguments(arguments: Arguments<'a>, first: usize) -> Result<Self, String> {
                Ok(($(arguments.get::<$type>(first + $index)?,)*))
            }
        }

        #[diagnostic::do_not_recommend]
        impl<'a, $($type: FromArgument<'a>,)* Z: FromArgument<'a>> FromArguments<'a>
            for ($($type,)* Rest<Z>)
        {
            const COUNT: usize = [$($index),*].len();
            const VARIADIC: bool = true;
            const PARAMS: &'static [&'static str] =
                &[$("\"", $type::TYPE.name(), "\",",)* "\"", Z::TYPE.name(), "...\""];
            const TYPES: &'static [Type] = &[$($type::TYPE),*];

            #[inline]
            fn from_arguments(arguments: Arguments<'a>, first: usize) -> Result<Self, String> {
                let rest = arguments.rest(first + Self::COUNT)?;
                Ok(($(arguments.get::<$type>(first + $index)?,)* Rest(rest)))
            }
        }
    )*};
}

tuples! {
    (A 0)
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
    (A 0 B 1 C 2 D 3 E 4)
    (A 0 B 1 C 2 D 3 E 4 F 5)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11)
}

#[diagnostic::do_not_recommend]
impl<'a> FromArguments<'a> for () {
    const COUNT: usize = 0;
    const PARAMS: &'static [&'static str] = &[];
    const TYPES: &'static [Type] = &[];

    #[inline]
    fn from_arguments(_: Arguments<'a>, _: usize) -> Result<Self, String> {
        Ok(())
    }
}

/// The live states of an aggregate. A handle is an index into the list.
pub struct States<T> {
    places: Vec<StateEntry<T>>,
    /// The free place that is used next.
    free: usize,
}

enum StateEntry<T> {
    Taken(T),
    /// A free place, with the one that is used after it.
    Free(usize),
}

/// The result of an export: an output, or the message of an error.
type Called = Result<Output<'static>, String>;

impl<T> States<T> {
    /// An empty list.
    pub const fn new() -> Self {
        Self { places: Vec::new(), free: 0 }
    }

    fn insert(&mut self, state: T) -> i64 {
        let place = self.free;
        match self.places.get_mut(place) {
            Some(free) => {
                if let StateEntry::Free(next) = core::mem::replace(free, StateEntry::Taken(state)) {
                    self.free = next;
                }
            }
            None => {
                self.places.push(StateEntry::Taken(state));
                self.free = self.places.len();
            }
        }
        place as i64
    }

    #[inline]
    fn get(&mut self, handle: i64) -> Result<&mut T, String> {
        let place = usize::try_from(handle).ok().and_then(|place| self.places.get_mut(place));
        match place {
            Some(StateEntry::Taken(state)) => Ok(state),
            _ => Err(unknown(handle)),
        }
    }

    fn remove(&mut self, handle: i64) -> Result<T, String> {
        self.get(handle)?;
        let place = handle as usize;
        let free = StateEntry::Free(core::mem::replace(&mut self.free, place));
        match core::mem::replace(&mut self.places[place], free) {
            StateEntry::Taken(state) => Ok(state),
            StateEntry::Free(_) => Err(unknown(handle)),
        }
    }
}

impl<T> Default for States<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cold]
fn unknown(handle: i64) -> String {
    format!("there is no state {handle}")
}

/// The exports of an aggregate.
impl<T: Aggregate> States<T> {
    /// `init`: makes a state and returns its handle.
    ///
    /// # Errors
    /// None.
    pub fn init(&mut self, _: &Arguments<'_>) -> Called {
        Ok(Output::Integer(self.insert(T::default())))
    }

    /// `step`: adds rows to a state.
    ///
    /// # Errors
    /// The arguments do not have the form of rows. An error of the author's is an output.
    #[inline]
    pub fn step(&mut self, arguments: &Arguments<'_>) -> Called {
        self.rows(arguments, T::step)
    }

    /// `inverse`: removes rows from a state.
    ///
    /// # Errors
    /// As [`States::step`].
    #[inline]
    pub fn inverse(&mut self, arguments: &Arguments<'_>) -> Called {
        self.rows(arguments, T::inverse)
    }

    #[inline]
    fn rows<'a>(
        &mut self,
        arguments: &Arguments<'a>,
        each: impl Fn(&mut T, T::Arguments<'a>) -> Result<(), String>,
    ) -> Called {
        let state = self.get(arguments.get(0)?)?;
        let count: i64 = arguments.get(1)?;
        let fixed = <T::Arguments<'a> as FromArguments<'a>>::COUNT;
        let records = &arguments.0[2..];
        let rows = usize::try_from(count).ok();
        let width = match <T::Arguments<'a> as FromArguments<'a>>::VARIADIC {
            true => {
                rows.and_then(|rows| records.len().checked_div(rows)).unwrap_or(fixed).max(fixed)
            }
            false => fixed,
        };
        if rows.and_then(|rows| rows.checked_mul(width)) != Some(records.len()) {
            return Err(wrong_rows(count, width, records.len()));
        }
        if width == 0 {
            for _ in 0..count {
                let row = T::Arguments::from_arguments(Arguments(&[]), 0)?;
                if let Err(message) = each(state, row) {
                    return Ok(Output::Error(message));
                }
            }
            return Ok(Output::Null);
        }
        for row in records.chunks_exact(width) {
            let row = T::Arguments::from_arguments(Arguments(row), 0)?;
            if let Err(message) = each(state, row) {
                return Ok(Output::Error(message));
            }
        }
        Ok(Output::Null)
    }

    /// `value`: the result of a state so far.
    ///
    /// # Errors
    /// No state has this handle.
    pub fn value(&mut self, arguments: &Arguments<'_>) -> Called {
        Ok(self.get(arguments.get(0)?)?.value().into_output())
    }

    /// `finalize`: the result of a state, which is freed.
    ///
    /// # Errors
    /// As [`States::value`].
    pub fn finalize(&mut self, arguments: &Arguments<'_>) -> Called {
        Ok(self.remove(arguments.get(0)?)?.finalize().into_output())
    }

    /// `drop`: frees a state.
    ///
    /// # Errors
    /// As [`States::value`].
    pub fn drop(&mut self, arguments: &Arguments<'_>) -> Called {
        self.remove(arguments.get(0)?)?;
        Ok(Output::Null)
    }
}

#[cold]
fn wrong_rows(rows: i64, width: usize, got: usize) -> String {
    format!("takes {width} arguments a row, got {got} for {rows} rows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ValueRef;

    #[derive(Default)]
    struct Join(String);

    impl Aggregate for Join {
        type Arguments<'a> = (&'a str, Option<i64>);
        type Output = Option<String>;

        fn step(&mut self, (text, times): (&str, Option<i64>)) -> Result<(), String> {
            let times = usize::try_from(times.unwrap_or(1)).map_err(|_| "a negative number")?;
            self.0.push_str(&text.repeat(times));
            Ok(())
        }

        fn finalize(self) -> Option<String> {
            (!self.0.is_empty()).then_some(self.0)
        }
    }

    #[derive(Default)]
    struct Count(i64);

    impl Aggregate for Count {
        type Arguments<'a> = ();
        type Output = i64;

        fn step(&mut self, (): ()) -> Result<(), String> {
            self.0 += 1;
            Ok(())
        }

        fn inverse(&mut self, (): ()) -> Result<(), String> {
            self.0 -= 1;
            Ok(())
        }

        fn value(&self) -> i64 {
            self.0
        }
    }

    /// The arguments of a call: a state, the number of rows, and their values.
    fn rows<'a>(state: i64, rows: i64, values: &[ValueRef<'a>]) -> Vec<ValueRef<'a>> {
        [ValueRef::Integer(state), ValueRef::Integer(rows)]
            .into_iter()
            .chain(values.iter().copied())
            .collect()
    }

    #[test]
    fn rows_reach_the_state_of_their_handle() {
        use ValueRef::{Integer, Null, Text};
        let mut states = States::<Join>::new();
        for handle in [0, 1, 2] {
            assert_eq!(states.init(&Arguments(&[])), Ok(Output::Integer(handle)));
        }
        let two = rows(1, 2, &[Text("ab"), Null, Text("c"), Integer(2)]);
        assert_eq!(states.step(&Arguments(&two)), Ok(Output::Null));
        let handle = |handle| [Integer(handle)];
        assert_eq!(states.finalize(&Arguments(&handle(1))), Ok(Output::Text("abcc".into())));
        assert_eq!(states.drop(&Arguments(&handle(0))), Ok(Output::Null));
        assert_eq!(states.finalize(&Arguments(&handle(2))), Ok(Output::Null));
        // Handles are used again, the one that was freed last first.
        for handle in [2, 0, 1, 3] {
            assert_eq!(states.init(&Arguments(&[])), Ok(Output::Integer(handle)));
        }
    }

    #[test]
    fn what_is_wrong_with_a_call_is_told() {
        use ValueRef::{Integer, Text};
        let mut states = States::<Join>::new();
        states.init(&Arguments(&[])).unwrap();
        let cases = [
            (rows(1, 1, &[Text("a"), Integer(1)]), "there is no state 1"),
            (rows(-1, 1, &[Text("a"), Integer(1)]), "there is no state -1"),
            (rows(0, 2, &[Text("a"), Integer(1)]), "takes 2 arguments a row, got 2 for 2 rows"),
            (rows(0, -1, &[]), "takes 2 arguments a row, got 0 for -1 rows"),
            (
                rows(0, i64::MAX, &[Text("a")]),
                "takes 2 arguments a row, got 1 for 9223372036854775807 rows",
            ),
            (rows(0, 1, &[Text("a"), Text("b")]), "argument 2: expected integer, got text"),
        ];
        for (arguments, message) in cases {
            assert_eq!(states.step(&Arguments(&arguments)), Err(String::from(message)));
        }
        let negative = rows(0, 1, &[Text("a"), Integer(-1)]);
        let error = Output::Error("a negative number".into());
        assert_eq!(states.step(&Arguments(&negative)), Ok(error));
        let twice = [Integer(0)];
        states.drop(&Arguments(&twice)).unwrap();
        assert_eq!(states.drop(&Arguments(&twice)), Err("there is no state 0".into()));
        assert_eq!(states.finalize(&Arguments(&twice)), Err("there is no state 0".into()));
    }

    /// The number of arguments, and the sum of those in [`Rest`].
    #[derive(Default)]
    struct Widths(Vec<usize>, i64);

    impl Aggregate for Widths {
        type Arguments<'a> = (&'a str, Rest<i64>);
        type Output = String;

        fn step(&mut self, (_, Rest(rest)): (&str, Rest<i64>)) -> Result<(), String> {
            self.0.push(1 + rest.len());
            self.1 += rest.iter().sum::<i64>();
            Ok(())
        }

        fn finalize(self) -> String {
            format!("{:?} {}", self.0, self.1)
        }
    }

    #[test]
    fn rows_may_have_any_number_of_arguments() {
        use ValueRef::{Integer, Text};
        let mut states = States::<Widths>::new();
        states.init(&Arguments(&[])).unwrap();
        let a = Text("a");
        states
            .step(&Arguments(&rows(0, 2, &[a, Integer(1), Integer(2), a, Integer(3), Integer(4)])))
            .unwrap();
        states.step(&Arguments(&rows(0, 2, &[a, a]))).unwrap();
        let wrong = |n, values: &[_], states: &mut States<Widths>| {
            states.step(&Arguments(&rows(0, n, values))).unwrap_err()
        };
        let message = "takes 1 arguments a row, got 3 for 2 rows";
        assert_eq!(wrong(2, &[a, a, a], &mut states), message);
        assert_eq!(wrong(2, &[], &mut states), "takes 1 arguments a row, got 0 for 2 rows");
        assert_eq!(wrong(1, &[a, a], &mut states), "argument 2: expected integer, got text");
        assert_eq!(
            states.finalize(&Arguments(&[Integer(0)])),
            Ok(Output::Text("[3, 3, 1, 1] 10".into()))
        );
    }

    #[test]
    fn rows_without_arguments_are_counted() {
        let mut states = States::<Count>::new();
        states.init(&Arguments(&[])).unwrap();
        states.step(&Arguments(&rows(0, 1000, &[]))).unwrap();
        states.inverse(&Arguments(&rows(0, 10, &[]))).unwrap();
        let state = [ValueRef::Integer(0)];
        assert_eq!(states.value(&Arguments(&state)), Ok(Output::Integer(990)));
        assert_eq!(states.finalize(&Arguments(&state)), Ok(Output::Integer(990)));
    }

    #[test]
    fn the_manifest_names_each_parameter() {
        fn params<T: FromArguments<'static>>() -> String {
            T::PARAMS.concat()
        }
        assert_eq!(params::<()>(), "");
        assert_eq!(params::<f64>(), "\"real\"");
        assert_eq!(params::<(f64,)>(), "\"real\"");
        assert_eq!(params::<(&str, Option<i64>)>(), "\"text\",\"integer?\"");
        assert_eq!(params::<Rest<f64>>(), "\"real...\"");
        assert_eq!(params::<(&str, Rest<Option<f64>>)>(), "\"text\",\"real?...\"");
    }
}
