// SPDX-License-Identifier: GPL-2.0
/* manifest.json: the exports of the images, and the tests that a guest must run. */
#include "generate.h"
#include "text.h"

namespace vdsogen
{

namespace
{

/* A JSON object on one line. */
class Members
{
public:
	Members &add(const std::string &key, const std::string &json)
	{
		text_ += (text_.empty() ? "" : ", ") + json_string(key) + ": " + json;
		return *this;
	}

	std::string object() const { return "{" + text_ + "}"; }

private:
	std::string text_;
};

std::string abi_object(const Table &table, const Abi &abi)
{
	const AbiImage *image = table.find_image(abi.name);

	return Members()
		.add("class", std::to_string(abi.bits))
		.add("machine", json_string(word_of(abi.machine)))
		.add("version", json_string(abi.version))
		.add("prefix", json_string(abi.prefix))
		.add("image", json_string_or_null(image ? image->path : ""))
		.object();
}

std::string symbol_object(const Symbol &symbol, const Abi &abi)
{
	const Entry &entry = *symbol.entry;

	return Members()
		.add("name", json_string(entry.name))
		.add("abi", json_string(abi.name))
		.add("kind", json_string(word_of(entry.kind)))
		.add("symbol", json_string(symbol.name))
		.add("version", json_string(symbol.version))
		.add("weak", symbol.weak ? "true" : "false")
		.add("nr", json_string_or_null(symbol.nr))
		.add("config", json_string_or_null(entry.config))
		.object();
}

/* Names of the cases that @test must report on @abi; null: any. */
std::string test_cases(const Table &table, const Test &test, const Abi &abi)
{
	std::vector<std::string> names;

	if (test.cases == TestCases::any)
		return "null";
	for (const Symbol &symbol : table.symbols_of(abi)) {
		if (test.cases == TestCases::symbols)
			names.push_back(json_string(symbol.name));
		else if (symbol.entry->is_new())
			names.push_back(json_string(symbol.entry->name));
	}
	return "[" + join(names, ", ") + "]";
}

bool runs_on(const Test &test, const Abi &abi)
{
	for (const std::string &name : test.abis)
		if (name == abi.name)
			return true;
	return test.abis.empty() && abi.bits == 64;
}

std::string test_object(const Table &table, const Test &test)
{
	std::vector<std::string> abis;
	Members cases;

	for (const Abi &abi : table.abis) {
		if (!runs_on(test, abi))
			continue;
		abis.push_back(json_string(abi.name));
		cases.add(abi.name, test_cases(table, test, abi));
	}
	return Members()
		.add("name", json_string(test.name))
		.add("abis", "[" + join(abis, ", ") + "]")
		.add("timeout", std::to_string(test.timeout))
		.add("cases", cases.object())
		.object();
}

std::string block(const std::vector<std::string> &items)
{
	return items.empty() ? "" : "\n    " + join(items, ",\n    ") + "\n  ";
}

} // namespace

std::string generate_manifest(const Table &table)
{
	std::vector<std::string> abis;
	std::vector<std::string> entries;
	std::vector<std::string> tests;

	for (const Abi &abi : table.abis) {
		abis.push_back(json_string(abi.name) + ": " + abi_object(table, abi));
		for (const Symbol &symbol : table.symbols_of(abi))
			entries.push_back(symbol_object(symbol, abi));
	}
	for (const Test &test : table.tests)
		tests.push_back(test_object(table, test));
	return "{\n  \"version\": 1,\n  \"abis\": {" + block(abis) + "},\n  \"entries\": [" +
	       block(entries) + "],\n  \"tests\": [" + block(tests) + "]\n}\n";
}

} // namespace vdsogen
