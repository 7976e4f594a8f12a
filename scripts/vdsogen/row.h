/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VDSOGEN_ROW_H
#define VDSOGEN_ROW_H

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "choices.h"
#include "diagnostics.h"
#include "lexer.h"
#include "text.h"

namespace vdsogen
{

/*
 * Takes a row's words and keys one by one and reports those that are missing,
 * wrong or left over. Every function returns a usable value after a fault, so
 * that the parser continues and reports the other faults of the row as well.
 */
class RowReader
{
public:
	RowReader(const Row &row, Diagnostics &faults);

	std::size_t line() const { return line_; }

	/* The next word. @what names it in messages. */
	std::string word(const char *what);
	std::string identifier(const char *what);
	std::optional<long> number(const char *what);

	bool has(const std::string &key) const { return keys_.count(key) != 0; }
	std::string optional(const std::string &key);
	std::string required(const std::string &key);

	/* An optional key's number between @low and @high. */
	std::optional<long> number_key(const std::string &key, long low, long high);

	/* @value if it is one of @allowed; else adds a fault and returns the first of them. */
	std::string one_of(const std::string &what, const std::string &value,
			   const std::vector<std::string> &allowed);

	/* The same for the words of an enumeration; returns the value. */
	template <typename Enum> Enum choice(const std::string &what, const std::string &word)
	{
		return *value_of<Enum>(one_of(what, word, words_of<Enum>()));
	}

	/* The checked text of @key; empty if the key is absent. */
	std::string identifier_key(const std::string &key, bool needed);
	std::string config_key();
	std::string c_text(const std::string &key, bool needed);

	void fail(const std::string &message);

	/* Reports words and keys that were not taken. */
	void finish();

private:
	std::size_t line_;
	Diagnostics &faults_;
	std::string type_;
	std::vector<std::string> words_;
	std::size_t next_word_ = 0;
	std::map<std::string, std::string> keys_;
	std::map<std::string, bool> taken_;
};

/* A row of a table: its first word, and the function that takes the rest of it. */
template <typename Table> struct RowType {
	const char *word;
	void (*parse)(RowReader &, Table &);
};

/* Parses a row of one of @types into @table; a fault if it is of none. */
template <typename Table, std::size_t count>
void parse_row(const Row &tokens, const RowType<Table> (&types)[count], Table &table,
	       Diagnostics &faults)
{
	RowReader row(tokens, faults);
	const Token &first = tokens.tokens.front();
	std::vector<std::string> known;

	if (!first.key.empty()) {
		row.fail("a row must begin with its type, not with '" + first.key + "='");
		return;
	}
	for (const RowType<Table> &type : types) {
		if (first.value == type.word) {
			type.parse(row, table);
			row.finish();
			return;
		}
		known.emplace_back(type.word);
	}
	row.fail("unknown row '" + first.value + "'; use one of: " + join(known, ", "));
}

} // namespace vdsogen

#endif
