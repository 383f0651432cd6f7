//! Triggers.

use mlp::schema;

use super::flow::Author;
use super::write::block;

impl Author {
    /// At least one trigger; the inputs of a manual run come last, once it is known what they feed.
    pub fn triggers(&mut self) -> Vec<String> {
        let mut triggers = Vec::new();
        for trigger in schema::TRIGGERS {
            let only = triggers.is_empty() && trigger.name == "manual";
            if trigger.name != "pull_request" && (only || self.choices.chance(50)) {
                triggers.push(self.trigger(trigger));
            }
        }
        let review = schema::find(schema::TRIGGERS, "pull_request").unwrap();
        if self.open || self.choices.chance(20) {
            let until = if self.open { "gate" } else { "check" };
            let attrs = self.attrs(review, &[("until", until.to_owned())], &[]);
            triggers.push(block("on pull_request", &attrs, true));
        }
        triggers
    }

    fn trigger(&mut self, trigger: &'static schema::Block) -> String {
        let mut body = self.attrs(trigger, &[], &[]);
        for statement in trigger.statements {
            assert_eq!(statement.keyword, "input", "an unknown statement");
            body.extend(self.inputs());
        }
        let narrow = self.narrow();
        block(&format!("on {}", trigger.name), &body, narrow)
    }

    fn inputs(&mut self) -> Vec<String> {
        let mut inputs = Vec::new();
        for _ in 0..self.choices.below(4) {
            self.param();
        }
        for (name, ty) in self.params.clone() {
            if self.choices.chance(70) {
                let default = if self.choices.chance(60) { format!(" = {}", self.scalar(ty)) } else { String::new() };
                inputs.push(format!("input {name}: {ty}{default}"));
            }
        }
        inputs
    }
}
