// SPDX-License-Identifier: GPL-2.0
#include "lexer.h"

#include "text.h"

namespace vdsogen
{

namespace
{

bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Splits one line into tokens. */
class Lexer
{
public:
	Lexer(std::string_view text, std::size_t line, Diagnostics &faults)
	    : rest_(text), line_(line), faults_(faults)
	{
	}

	/* False if the line is faulty; the fault has been reported. */
	bool run(std::vector<Token> &tokens)
	{
		for (skip_blanks(); !rest_.empty() && rest_.front() != '#'; skip_blanks()) {
			Token token;

			if (!take_token(token))
				return false;
			tokens.push_back(std::move(token));
		}
		return true;
	}

private:
	void skip_blanks()
	{
		while (!rest_.empty() && is_blank(rest_.front()))
			rest_.remove_prefix(1);
	}

	bool take_token(Token &token)
	{
		std::string word;

		while (!rest_.empty() && !is_blank(rest_.front()) && rest_.front() != '"') {
			const char c = rest_.front();

			rest_.remove_prefix(1);
			if (c == '=' && token.key.empty()) {
				if (word.empty())
					return fail("a key is missing before '='");
				token.key = std::move(word);
				word.clear();
			} else {
				word += c;
			}
		}
		if (!rest_.empty() && rest_.front() == '"') {
			if (!word.empty())
				return fail("a quote must begin a word or follow '='");
			return take_quoted(token);
		}
		token.value = std::move(word);
		return true;
	}

	bool take_quoted(Token &token)
	{
		const std::size_t end = rest_.find('"', 1);

		if (end == std::string_view::npos)
			return fail("unterminated quote; close it on the same line");
		token.value = std::string(rest_.substr(1, end - 1));
		rest_.remove_prefix(end + 1);
		if (!rest_.empty() && !is_blank(rest_.front()))
			return fail("a blank must follow a closing quote");
		return true;
	}

	bool fail(const char *message)
	{
		faults_.add(line_, message);
		return false;
	}

	std::string_view rest_;
	std::size_t line_;
	Diagnostics &faults_;
};

bool line_is_sane(std::string_view text, std::size_t line, Diagnostics &faults)
{
	if (text.size() > longest_line) {
		faults.add(line, "line of " + std::to_string(text.size()) +
					 " characters; at most " + std::to_string(longest_line) +
					 " are allowed");
		return false;
	}
	for (char c : text) {
		if ((c >= ' ' && c <= '~') || c == '\t')
			continue;
		faults.add(line, "character " + hex(static_cast<unsigned char>(c)) +
					 " found; use printable ASCII and tabs only");
		return false;
	}
	return true;
}

} // namespace

std::vector<Row> split_rows(std::string_view text, Diagnostics &faults, std::size_t line)
{
	std::vector<Row> rows;

	while (!text.empty()) {
		const std::size_t end = text.find('\n');
		const std::string_view content = text.substr(0, end);

		text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
		line++;
		if (!line_is_sane(content, line, faults))
			continue;

		Row row{line, {}};

		if (Lexer(content, line, faults).run(row.tokens) && !row.tokens.empty())
			rows.push_back(std::move(row));
	}
	return rows;
}

} // namespace vdsogen
