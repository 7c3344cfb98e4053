//! Where in a script a text stands: a refusal tells its line.

use rhai::{AST, ASTNode, Expr};

use super::Module;
use crate::error::Place;
use crate::profile::place_of;

/// All texts of a script, interpolated ones by their first part.
pub(super) fn collect(ast: &AST, file: &str) -> Vec<(String, Place)> {
    let mut out = Vec::new();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Expr(Expr::StringConstant(text, position))) = path.last()
            && !text.is_empty()
        {
            out.push((text.to_string(), place_of(file, *position)));
        }
        true
    });
    out
}

impl Module {
    /// Where the text was written down: the literal itself, else the longest one that is a part of it.
    pub(super) fn place_of(&self, text: &str) -> Option<Place> {
        let exact = self.texts.iter().find(|(written, _)| written == text);
        let part = || {
            self.texts
                .iter()
                .filter(|(written, _)| written.len() > 3 && text.contains(written.as_str()))
                .max_by_key(|(written, _)| written.len())
        };
        exact.or_else(part).map(|(_, place)| place.clone())
    }
}
