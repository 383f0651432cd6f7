//! The rules, one module each: what it checks in the `.rs`, what it means in the `.md` beside it.

use super::Rule;

macro_rules! rules {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*
        /// All rules, by code.
        pub static RULES: &[&Rule] = &[$(&$name::RULE),*];
    };
}

rules![missing_equals, ungated_deploy];
